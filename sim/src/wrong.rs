//! Deliberately wrong variants of what stands at the edges: what the simulation must catch.
//!
//! **Invariant:** they live here and in nothing that is shipped.

/// One mistake that peers are known to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The server forgets its receipts: a repeat is a new write.
    NoReceiptCheck,
    /// The device takes any answer with status 200 for delivered, receipt or not.
    TakesAnyAnswer,
    /// The device throws away what is answered 403.
    DropsForbidden,
    /// The device stops showing a write when it is acknowledged, before its echo has come.
    ForgetsAtAck,
}

impl Wrong {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::NoReceiptCheck, Self::TakesAnyAnswer, Self::DropsForbidden, Self::ForgetsAtAck];

    /// As the command line says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoReceiptCheck => "no-receipt-check",
            Self::TakesAnyAnswer => "takes-any-answer",
            Self::DropsForbidden => "drops-forbidden",
            Self::ForgetsAtAck => "forgets-at-ack",
        }
    }
}
