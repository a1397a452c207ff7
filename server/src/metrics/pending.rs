//! How much work lies on devices, as each batch reports of the one that sent it.
//!
//! **Invariant:** a session counts once, with what it said last; one that has been silent is forgotten.

use domain::Timestamp;
use std::collections::HashMap;

const FORGOTTEN_AFTER_MICROS: i64 = 5 * 60 * 1_000_000;
/// Nobody's outbox is larger; a caller cannot make the sum absurd.
const MOST_WRITES: u32 = 100_000;

/// What each session's device said last.
#[derive(Default)]
pub struct Pending(HashMap<String, (u32, Timestamp)>);

impl Pending {
    /// A device says how many writes it still has to send.
    pub fn note(&mut self, session: &str, writes: u32, at: Timestamp) {
        self.forget(at);
        self.0.insert(session.to_owned(), (writes.min(MOST_WRITES), at));
    }

    /// How many devices have spoken lately, and how many writes they have together.
    pub fn sum(&mut self, now: Timestamp) -> (usize, u64) {
        self.forget(now);
        (self.0.len(), self.0.values().map(|(writes, _)| u64::from(*writes)).sum())
    }

    fn forget(&mut self, now: Timestamp) {
        self.0.retain(|_, (_, said_at)| now.micros() - said_at.micros() < FORGOTTEN_AFTER_MICROS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_each_device_counts_for_five_minutes() {
        let (mut pending, at) = (Pending::default(), |minutes: i64| Timestamp::from_micros(minutes * 60_000_000));
        pending.note("a", 12, at(0));
        pending.note("b", u32::MAX, at(1));
        pending.note("a", 3, at(2));
        assert_eq!(pending.sum(at(3)), (2, 100_003));
        assert_eq!(pending.sum(at(6)), (1, 3));
        assert_eq!(pending.sum(at(7)), (0, 0));
    }
}
