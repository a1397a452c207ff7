//! What a person's choices about a parked write amount to.
//!
//! **Invariant:** a value that is neither kept, nor typed, nor taken from the other side is never sent.

mod words;

pub use words::{label, other_side, told};

use super::{
    fields,
    question::{Given, Kind, Question},
};
use domain::Table;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Whose value stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// The author's, as it was or as it is typed now.
    #[default]
    Mine,
    /// The server's.
    Theirs,
}

/// What is chosen and typed about one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Whose.
    pub side: Side,
    /// The author's value, as it stands in its field; none where it was not touched.
    pub typed: Option<String>,
}

/// All that is chosen, by column: what is not here was not touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Where the write as a whole is decided about: a delete has no values to choose between.
    pub whole: Side,
    /// Of each value.
    pub values: BTreeMap<&'static str, Choice>,
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

impl Choices {
    /// What is chosen before anybody has: one's own, but for a delete, which would take somebody's work with it.
    pub fn of(kind: Kind) -> Self {
        let whole = if kind == Kind::DeleteOrKeep { Side::Theirs } else { Side::Mine };
        Self {
            whole,
            values: BTreeMap::new(),
        }
    }

    /// About one value.
    pub fn about(&self, column: &str) -> Choice {
        self.values.get(column).cloned().unwrap_or_default()
    }

    /// One side in everything. What was typed stays.
    pub fn choose_all(&mut self, question: &Question, side: Side) {
        self.whole = side;
        for value in question.values.iter().filter(|value| value.may_choose) {
            self.values.entry(value.column).or_default().side = side;
        }
    }
}

/// What the choices amount to.
pub fn answer(question: &Question, choices: &Choices) -> Answer {
    match question.kind {
        Kind::DeleteOrKeep if choices.whole == Side::Theirs => Answer::TakeTheirs,
        Kind::DeleteOrKeep => Answer::KeepMine,
        Kind::TwoSides => between_two_sides(question, choices),
        kind => match (other_values(question, choices), kind) {
            (other, _) if !other.is_empty() => Answer::Send(other),
            (_, Kind::Deleted { can_be_made_again: true }) => Answer::MakeAgain,
            (_, Kind::SameThing { is_known: true } | Kind::AlreadyGone | Kind::Deleted { .. }) => Answer::TakeTheirs,
            _ => Answer::SendAgain,
        },
    }
}

fn between_two_sides(question: &Question, choices: &Choices) -> Answer {
    let open: Vec<(&Given, Choice)> = question
        .values
        .iter()
        .filter(|value| value.may_choose)
        .map(|value| (value, choices.about(value.column)))
        .collect();
    let is_theirs = |(_, choice): &(&Given, Choice)| choice.side == Side::Theirs;
    let is_untouched = |(value, choice): &(&Given, Choice)| choice.side == Side::Mine && typed_otherwise(value, choice).is_none();
    if open.iter().all(is_untouched) {
        return Answer::KeepMine;
    }
    // Taking theirs leaves what nobody contests as mine; who sees theirs beside it, and chooses it, gets it.
    let is_nothing_else_given = open.iter().all(|(value, _)| value.is_contested || !value.is_given);
    if is_nothing_else_given && open.iter().all(is_theirs) {
        return Answer::TakeTheirs;
    }
    Answer::Send(other_values(question, choices))
}

/// The values that are wanted, where they are not the author's first ones.
fn other_values(question: &Question, choices: &Choices) -> BTreeMap<String, Json> {
    let other = |value: &Given| Some((value.column.to_owned(), other_than_mine(question.table, value, &choices.about(value.column))?));
    question.values.iter().filter_map(other).collect()
}

fn other_than_mine(table: Table, value: &Given, choice: &Choice) -> Option<Json> {
    match (choice.side, typed_otherwise(value, choice)) {
        // What is not given stays theirs by itself.
        (Side::Theirs, _) => value.their_json.clone().filter(|_| value.may_choose && value.is_given),
        (Side::Mine, Some(typed)) => Some(fields::typed(table.column(value.column)?, typed)),
        // Left out it would stand as theirs: my vendor at their price.
        (Side::Mine, None) => Some(value.my_json.clone()).filter(|_| value.may_choose && !value.is_given),
    }
}

fn typed_otherwise<'a>(value: &Given, choice: &'a Choice) -> Option<&'a str> {
    choice.typed.as_deref().filter(|typed| typed.trim() != value.typed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::question::Input;
    use Side::{Mine, Theirs};
    use domain::WriteId;
    use serde_json::json;

    /// My vendor (here a note) and my amount; both contested.
    fn asked(kind: Kind) -> Question {
        let value = |column: &'static str, mine: &str, theirs: &str| Given {
            column,
            label: column.to_owned(),
            base: None,
            mine: mine.to_owned(),
            my_json: json!(mine),
            typed: mine.to_owned(),
            input: Input::Text,
            theirs: Some(theirs.to_owned()),
            their_json: Some(json!(theirs)),
            is_given: true,
            is_contested: true,
            may_choose: kind == Kind::TwoSides,
            problem: None,
        };
        Question {
            write: WriteId(uuid::Uuid::nil()),
            seq: 1,
            place: (1, 1),
            table: Table::Turns,
            sentence: "Change it".to_owned(),
            reason: None,
            kind,
            values: vec![value("notes", "mine", "theirs"), value("estimated_amount", "100.00", "70.00")],
            goes_with: vec![],
        }
    }

    fn choose(sides: [Side; 2], amount: &str) -> Choices {
        let choice = |side, typed: &str| Choice {
            side,
            typed: Some(typed.to_owned()),
        };
        Choices {
            whole: Mine,
            values: BTreeMap::from([("notes", choice(sides[0], "mine")), ("estimated_amount", choice(sides[1], amount))]),
        }
    }

    fn send(values: &[(&str, Json)]) -> Answer {
        Answer::Send(values.iter().map(|(name, json)| ((*name).to_owned(), json.clone())).collect())
    }

    /// The answer, what the button says, and what is told.
    fn all(question: &Question, choices: &Choices) -> (Answer, &'static str, String) {
        let answer = answer(question, choices);
        let (label, told) = (label(question, &answer), told(question, &answer));
        (answer, label, told)
    }

    #[test]
    fn choices_amount_to_one_answer_and_the_button_says_which() {
        let both = asked(Kind::TwoSides);
        for (sides, amount, expected, label, told) in [
            ([Mine, Mine], "100.00", Answer::KeepMine, "Keep mine", "Kept yours: Change it"),
            (
                [Theirs, Theirs],
                "100.00",
                Answer::TakeTheirs,
                "Take theirs",
                "Kept theirs. Given up: Change it",
            ),
            (
                [Mine, Theirs],
                "100.00",
                send(&[("estimated_amount", json!("70.00"))]),
                "Send these values",
                "Sent with other values: Change it",
            ),
            (
                [Mine, Mine],
                "$85",
                send(&[("estimated_amount", json!("85"))]),
                "Send these values",
                "Sent with other values: Change it",
            ),
        ] {
            assert_eq!(all(&both, &choose(sides, amount)), (expected, label, told.to_owned()), "{sides:?} {amount}");
        }
    }

    #[test]
    fn all_theirs_is_theirs_also_where_nobody_contests_mine() {
        let mut both = asked(Kind::TwoSides);
        both.values[0].is_contested = false;
        let expected = send(&[("notes", json!("theirs")), ("estimated_amount", json!("70.00"))]);
        let chosen = all(&both, &choose([Theirs, Theirs], "100.00"));
        assert_eq!(chosen, (expected, "Take theirs", "Kept theirs. Given up: Change it".to_owned()));
    }

    #[test]
    fn what_a_decision_rests_on_goes_with_mine_or_stays_theirs() {
        let mut both = asked(Kind::TwoSides);
        both.values[1].is_given = false;
        let mine_for_the_rest = choose([Theirs, Mine], "100.00");
        let expected = send(&[("estimated_amount", json!("100.00")), ("notes", json!("theirs"))]);
        assert_eq!(answer(&both, &mine_for_the_rest), expected, "the amount that its author saw is sent");
        let edited = send(&[("notes", json!("other")), ("estimated_amount", json!("100.00"))]);
        let mut choices = choose([Mine, Mine], "100.00");
        choices.values.entry("notes").or_default().typed = Some("other".to_owned());
        assert_eq!(answer(&both, &choices), edited);
        assert_eq!(
            answer(&both, &choose([Mine, Mine], "100.00")),
            Answer::KeepMine,
            "which keeps all of the decision"
        );
        assert_eq!(answer(&both, &choose([Mine, Theirs], "100.00")), send(&[]), "theirs stands by itself");
        // A stage change can send no vendor: there is nothing to choose about it.
        both.values[1].may_choose = false;
        assert_eq!(answer(&both, &choose([Theirs, Mine], "100.00")), Answer::TakeTheirs);
        assert_eq!(answer(&both, &choose([Mine, Mine], "100.00")), Answer::KeepMine);
    }

    #[test]
    fn nothing_is_deleted_over_an_edit_before_somebody_says_so() {
        let delete = asked(Kind::DeleteOrKeep);
        let mut choices = Choices::of(delete.kind);
        let kept = (Answer::TakeTheirs, "Do not delete it", "Kept theirs. Given up: Change it".to_owned());
        assert_eq!(all(&delete, &choices), kept);
        choices.choose_all(&delete, Mine);
        assert_eq!(all(&delete, &choices).1, "Delete it anyway");
        assert_eq!(other_side(&delete, &Answer::KeepMine), Some(Theirs));
        choices.choose_all(&delete, Theirs);
        assert_eq!(all(&delete, &choices), kept);
    }

    #[test]
    fn without_another_side_it_is_sent_again_as_it_is_or_edited() {
        let refused = asked(Kind::Refused);
        assert_eq!(all(&refused, &choose([Mine; 2], "100.00")).1, "Send again");
        assert_eq!(answer(&refused, &choose([Mine; 2], "1")), send(&[("estimated_amount", json!("1"))]));
        assert_eq!(other_side(&refused, &Answer::SendAgain), None);
        for (kind, label) in [
            (Kind::SameThing { is_known: true }, "Go on with theirs"),
            (Kind::AlreadyGone, "Let it go"),
            (Kind::Deleted { can_be_made_again: true }, "Make it again"),
        ] {
            assert_eq!(all(&asked(kind), &Choices::of(kind)).1, label);
        }
    }
}
