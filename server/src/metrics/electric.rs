//! How Electric does, where it answers for shapes.
//!
//! **Invariant:** without Electric there are no figures of it.

use super::{Metrics, catalogue};
use metrics::{counter, gauge};

/// Why a question was left without an answer.
#[derive(Clone, Copy, Debug)]
pub enum ElectricFailure {
    /// No connection, or nothing on it.
    Unreachable,
    /// Something that is no answer of a working Electric.
    NoAnswer,
    /// It does not know our secret.
    WrongSecret,
    /// It, or we, have too much to do.
    Overloaded,
}

impl Metrics {
    /// Electric answers, or does not any more.
    pub fn electric_answers(&self, answers: bool) {
        self.record(|| gauge!(catalogue::ELECTRIC_UP).set(if answers { 1 } else { 0 }));
    }

    /// A question was left without an answer.
    pub fn electric_failed(&self, why: ElectricFailure) {
        self.record(|| counter!(catalogue::ELECTRIC_FAILURES, "reason" => why.name()).increment(1));
    }

    /// A question had to be sent twice.
    pub fn electric_asked_again(&self) {
        self.record(|| counter!(catalogue::ELECTRIC_ASKED_AGAIN).increment(1));
    }
}

impl ElectricFailure {
    const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::NoAnswer => "no_answer",
            Self::WrongSecret => "wrong_secret",
            Self::Overloaded => "overloaded",
        }
    }
}
