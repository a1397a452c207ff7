//! What a person's choices about a parked write amount to.
//!
//! **Invariant:** a value that is neither kept, nor typed, nor taken from the other side is never sent.

use super::{
    fields,
    question::{Given, Kind, Question},
};
use domain::Table;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Whose value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The author's, as it was or as it is typed now.
    Mine,
    /// The server's.
    Theirs,
}

/// What is chosen and typed about one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Whose.
    pub side: Side,
    /// The author's value, as it stands in its field.
    pub typed: String,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The same again: perhaps it is accepted now.
    SendAgain,
    /// Mine, knowing what the server has.
    KeepMine,
    /// Theirs: mine is given up.
    TakeTheirs,
    /// A new row with what mine says.
    MakeAgain,
    /// Mine in most, these values otherwise: column → what is wanted.
    Send(BTreeMap<String, Json>),
}

/// What the choices about each value amount to, in the order of the question's values.
pub fn answer(question: &Question, choices: &[Choice]) -> Answer {
    let chosen: Vec<(&Given, &Choice)> = question.values.iter().zip(choices).collect();
    let is_theirs = |(value, choice): &(&Given, &Choice)| choice.side == Side::Theirs && value.their_json.is_some();
    if !chosen.is_empty() && chosen.iter().all(is_theirs) {
        return Answer::TakeTheirs;
    }
    let other: BTreeMap<String, Json> = chosen
        .iter()
        .filter_map(|(value, choice)| Some((value.column.to_owned(), other_than_mine(question.table, value, choice)?)))
        .collect();
    match question.kind {
        _ if !other.is_empty() => Answer::Send(other),
        Kind::TwoSides | Kind::DeleteOrKeep => Answer::KeepMine,
        Kind::Deleted { can_be_made_again: true } => Answer::MakeAgain,
        Kind::SameThing { is_known: true } | Kind::AlreadyGone | Kind::Deleted { .. } => Answer::TakeTheirs,
        Kind::SameThing { .. } | Kind::Refused | Kind::After(_) => Answer::SendAgain,
    }
}

/// The value that is wanted, where it is not the author's first one.
fn other_than_mine(table: Table, value: &Given, choice: &Choice) -> Option<Json> {
    match choice.side {
        Side::Theirs => value.their_json.clone(),
        Side::Mine if choice.typed.trim() == value.typed => None,
        Side::Mine => Some(fields::typed(table.column(value.column)?, &choice.typed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::WriteId;
    use serde_json::json;

    fn asked(kind: Kind, theirs: Option<&str>) -> Question {
        let value = |column: &'static str, mine: &str| Given {
            column,
            label: column.to_owned(),
            base: None,
            mine: mine.to_owned(),
            typed: mine.to_owned(),
            theirs: theirs.map(str::to_owned),
            their_json: theirs.map(|theirs| json!(theirs)),
            is_given: true,
            is_contested: true,
            problem: None,
        };
        Question {
            write: WriteId(uuid::Uuid::nil()),
            table: Table::Turns,
            sentence: String::new(),
            reason: None,
            kind,
            values: vec![value("notes", "mine"), value("estimated_amount", "100.00")],
            goes_with: vec![],
        }
    }

    fn choose(sides: [Side; 2], amount: &str) -> Vec<Choice> {
        let typed = ["mine", amount];
        sides
            .into_iter()
            .zip(typed)
            .map(|(side, typed)| Choice { side, typed: typed.to_owned() })
            .collect()
    }

    #[test]
    fn choices_amount_to_one_answer() {
        use Side::{Mine, Theirs};
        let both = asked(Kind::TwoSides, Some("70.00"));
        assert_eq!(answer(&both, &choose([Mine, Mine], "100.00")), Answer::KeepMine);
        assert_eq!(answer(&both, &choose([Theirs, Theirs], "100.00")), Answer::TakeTheirs);
        let mixed = answer(&both, &choose([Mine, Theirs], "100.00"));
        assert_eq!(mixed, Answer::Send(BTreeMap::from([("estimated_amount".into(), json!("70.00"))])));
        let edited = answer(&both, &choose([Mine, Mine], "$85"));
        assert_eq!(edited, Answer::Send(BTreeMap::from([("estimated_amount".into(), json!("85"))])));
    }

    #[test]
    fn without_another_side_it_is_sent_again_as_it_is_or_edited() {
        let refused = asked(Kind::Refused, None);
        assert_eq!(answer(&refused, &choose([Side::Mine; 2], "100.00")), Answer::SendAgain);
        assert_eq!(answer(&refused, &choose([Side::Theirs; 2], "100.00")), Answer::SendAgain);
    }
}
