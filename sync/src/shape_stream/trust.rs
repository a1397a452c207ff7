//! Whether an answer goes on from where it was asked.
//!
//! Caches and restored servers answer with what was; such an answer would take rows back to how they were.
//!
//! **Invariant:** within a log a stream's place only moves on.

use super::{Place, Question, ShapeAnswer};
use std::cmp::Ordering;

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It goes on from the question.
    Good,
    /// It is from before the question, or leads nowhere.
    Stale,
    /// It is from another log than the question.
    OtherLog,
}

/// Holds an answer against its question.
pub fn trust(question: &Question, answer: &ShapeAnswer) -> Trust {
    let Some(place) = question.place() else { return Trust::Good };
    if answer.place.handle != place.handle {
        return Trust::OtherLog;
    }
    let leads_nowhere = answer.place.offset == place.offset && !answer.up_to_date;
    if leads_nowhere || order(&answer.place, place) == Some(Ordering::Less) {
        return Trust::Stale;
    }
    Trust::Good
}

/// Which comes first in the log; none where that cannot be told, as between pages of a snapshot of ours.
fn order(one: &Place, other: &Place) -> Option<Ordering> {
    let (one, other) = (one.offset.split_once('_')?, other.offset.split_once('_')?);
    Some(number(one.0)?.cmp(&number(other.0)?).then(number(one.1)?.cmp(&number(other.1)?)))
}

/// A number, or `inf`, behind all numbers.
fn number(text: &str) -> Option<u128> {
    if text == "inf" { Some(u128::MAX) } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart_by_number_and_not_by_letter() {
        let place = |offset: &str| Place {
            handle: "1-1".into(),
            offset: offset.into(),
        };
        for (before, after) in [("9_0", "10_0"), ("9_0", "9_1"), ("9_9", "9_inf"), ("9_inf", "10_0")] {
            assert_eq!(order(&place(before), &place(after)), Some(Ordering::Less), "{before} {after}");
        }
        for other in ["now", "-1", "", "9", "x_y", "9_-1"] {
            assert_eq!(order(&place(other), &place("9_0")), None, "{other}");
        }
    }
}
