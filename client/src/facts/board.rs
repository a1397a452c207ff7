//! The board's columns: which turns, in which order, worth how much.

use domain::{Row, RowId, Table, Value};
use std::collections::HashSet;
use sync::LocalView;

/// The turns of a stage: the earliest due first, those without a due date last.
pub fn column(view: &LocalView, stage: RowId, found: Option<&HashSet<RowId>>) -> Vec<RowId> {
    let turns = view
        .list(Table::Turns, "stage_id", &Value::Uuid(stage.0))
        .into_iter()
        .flat_map(|turns| turns.iter());
    turns.filter(|turn| found.is_none_or(|found| found.contains(turn))).collect()
}

/// The turns whose property's name, address or number, or own number, has every word of `query` in it.
/// `None` where nothing is searched for.
pub fn search(view: &LocalView, query: &str) -> Option<HashSet<RowId>> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return None;
    }
    let matches = |turn: &&Row| {
        let text = searched_text(view, turn);
        words.iter().all(|word| text.contains(word))
    };
    Some(view.rows(Table::Turns).filter(matches).map(Row::id).collect())
}

fn searched_text(view: &LocalView, turn: &Row) -> String {
    let property = turn.row_id("property_id").and_then(|id| view.row(Table::Properties, id));
    let columns = ["name", "street_address", "city", "state", "zip_code", "property_number"];
    let of_property = property
        .into_iter()
        .flat_map(|property| columns.into_iter().filter_map(|column| property.text(column)));
    let of_turn = ["turn_number", "work_order_number"].into_iter().filter_map(|column| turn.text(column));
    of_property.chain(of_turn).collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::Field;
    use domain::Date;
    use uuid::Uuid;

    #[test]
    fn the_earliest_due_turn_stands_first() {
        let mut field = Field::new();
        let (late, early) = (RowId(Uuid::from_u128(21)), RowId(Uuid::from_u128(22)));
        let due = |day| [("due_date", Value::Date(Date::new(2026, 12, day).expect("a day")))];
        field.put_turn(late, Field::DRAFT, &due(24));
        field.put_turn(early, Field::DRAFT, &due(1));
        assert_eq!(column(&field.view, Field::DRAFT, None), [early, late, Field::TURN]);
    }

    #[test]
    fn a_search_wants_every_word_somewhere() {
        let field = Field::new();
        let finds = |query: &str| search(&field.view, query).is_none_or(|found| found.contains(&Field::TURN));
        for query in ["", "elm", "ELM tulsa", "p-007", "74104 12"] {
            assert!(finds(query), "{query}");
        }
        assert!(!finds("elm dallas"));
    }
}
