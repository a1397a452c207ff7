//! What supervisors have decided about this person's held changes, as the server tells it: also on a device that did not make them.
//!
//! **Invariant:** a decision is told until its author has said that they have seen it.

use domain::{Row, RowId, Table};
use sync::LocalView;

/// So many are told at once; the others come when these have been seen.
const MOST: usize = 3;

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The notification that tells it.
    pub notification: RowId,
    /// What was decided, by whom and, where it was refused, why.
    pub sentence: String,
    /// Nothing of the change was applied.
    pub is_refusal: bool,
}

/// Those that their author has not seen, the oldest first.
pub fn unseen(view: &LocalView) -> Vec<Decision> {
    let mut told: Vec<&Row> = view.rows(Table::Notifications).filter(|row| row.get("read_at").is_null()).collect();
    told.sort_by_key(|row| (row.timestamp("created_at"), row.id()));
    told.into_iter().filter_map(decision).take(MOST).collect()
}

fn decision(row: &Row) -> Option<Decision> {
    let (title, body) = (row.text("title")?, row.text("body").unwrap_or_default());
    let (sentence, is_refusal) = match row.text("kind")? {
        "write_refused" => (format!("{title}. {body}"), true),
        "write_adopted" => (format!("{title} by {body}."), false),
        // News of other kinds.
        _ => return None,
    };
    Some(Decision {
        notification: row.id(),
        sentence,
        is_refusal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::{Field, row};
    use domain::{Timestamp, Value};
    use uuid::Uuid;

    fn told(field: &mut Field, n: u128, kind: &str, is_read: bool) {
        let mut news = row(Table::Notifications, RowId(Uuid::from_u128(n)));
        let verdict = if kind == "write_adopted" { "adopted" } else { "refused" };
        let body = if kind == "write_adopted" { "Ada" } else { "Ada: it is done already" };
        for (column, text) in [
            ("kind", kind.to_owned()),
            ("title", format!("Your change to T-{n} was {verdict}")),
            ("body", body.to_owned()),
        ] {
            news.set(column, Value::text(text));
        }
        // The later one has the smaller id.
        news.set("created_at", Value::Timestamp(Timestamp::from_millis(100 - n as i64)));
        if is_read {
            news.set("read_at", Value::Timestamp(Timestamp::from_millis(1)));
        }
        field.put(news);
    }

    #[test]
    fn decisions_are_told_in_their_order_until_they_are_seen() {
        let mut field = Field::new();
        told(&mut field, 1, "write_adopted", false);
        told(&mut field, 2, "write_refused", false);
        told(&mut field, 3, "write_refused", true);
        told(&mut field, 4, "approval_void", false);
        let sentences: Vec<String> = unseen(&field.view).into_iter().map(|decision| decision.sentence).collect();
        assert_eq!(
            sentences,
            [
                "Your change to T-2 was refused. Ada: it is done already",
                "Your change to T-1 was adopted by Ada."
            ]
        );
    }

    #[test]
    fn a_day_of_decisions_comes_in_parts() {
        let mut field = Field::new();
        (1..9).for_each(|n| told(&mut field, n, "write_refused", false));
        assert_eq!(unseen(&field.view).len(), MOST);
    }
}
