//! How an answer is called before it is given, and told afterwards.
//!
//! **Invariant:** what the button says is what is done, and what is told.

use super::{Answer, Side};
use crate::facts::question::{Given, Kind, Question};

/// Whether nothing of the author's is left.
fn is_all_theirs(question: &Question, answer: &Answer) -> bool {
    match answer {
        Answer::TakeTheirs => true,
        Answer::Send(other) => {
            let is_theirs = |value: &Given| match other.get(value.column) {
                Some(json) => Some(json) == value.their_json.as_ref(),
                None => !value.is_given,
            };
            question.kind == Kind::TwoSides && question.values.iter().all(is_theirs)
        }
        Answer::SendAgain | Answer::KeepMine | Answer::MakeAgain => false,
    }
}

/// What the button says that gives this answer.
pub fn label(question: &Question, answer: &Answer) -> &'static str {
    match (question.kind, answer) {
        (Kind::After(_), _) => "Decide the other one first",
        (Kind::DeleteOrKeep, Answer::TakeTheirs) => "Do not delete it",
        (Kind::DeleteOrKeep, _) => "Delete it anyway",
        (Kind::TwoSides, answer) if is_all_theirs(question, answer) => "Take theirs",
        (Kind::SameThing { .. }, Answer::TakeTheirs) => "Go on with theirs",
        (_, Answer::TakeTheirs) => "Let it go",
        (_, Answer::KeepMine) => "Keep mine",
        (_, Answer::MakeAgain) => "Make it again",
        (_, Answer::SendAgain) => "Send again",
        (_, Answer::Send(_)) => "Send these values",
    }
}

/// The side that the second button takes in everything; none where there are no two sides.
pub fn other_side(question: &Question, answer: &Answer) -> Option<Side> {
    let has_two_sides = matches!(question.kind, Kind::TwoSides | Kind::DeleteOrKeep);
    let other = if is_all_theirs(question, answer) { Side::Mine } else { Side::Theirs };
    has_two_sides.then_some(other)
}

/// What is told when it is done.
pub fn told(question: &Question, answer: &Answer) -> String {
    let did = match (question.kind, answer) {
        (Kind::SameThing { .. }, Answer::TakeTheirs) => "Gone on with theirs. Given up",
        (Kind::AlreadyGone | Kind::Deleted { .. }, Answer::TakeTheirs) => "Let go",
        (_, answer) if is_all_theirs(question, answer) => "Kept theirs. Given up",
        (_, Answer::SendAgain) => "Sent again",
        (_, Answer::KeepMine) => "Kept yours",
        (_, Answer::MakeAgain) => "Made again",
        (_, Answer::TakeTheirs) => "Kept theirs. Given up",
        (_, Answer::Send(_)) => "Sent with other values",
    };
    format!("{did}: {}", question.sentence)
}
