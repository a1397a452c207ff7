//! How far a standby is behind, told from positions in the write-ahead log.
//!
//! The age of the last replayed transaction is no measure: on a quiet primary it grows all night. So the primary's position is noted
//! now and then with the time, and a standby that has replayed a noted position has everything from before that time.
//!
//! **Invariant:** a standby that has replayed everything is not behind, however long ago that was.

use std::{collections::VecDeque, time::Duration};

/// More notes than any lag that is still of interest needs.
const NOTES: usize = 1_000;

/// Where the primary stood, and when it was last seen there. Times count from any one moment.
#[derive(Debug, Default)]
pub struct Lag {
    /// Oldest first; positions rise.
    notes: VecDeque<(i64, Duration)>,
}

impl Lag {
    /// Notes that the primary's log reaches up to `position`.
    pub fn note(&mut self, position: i64, now: Duration) {
        match self.notes.back_mut() {
            Some((last, at)) if *last == position => *at = now,
            // A primary that has gone back is another one.
            Some((last, _)) if *last > position => self.notes = VecDeque::from([(position, now)]),
            _ => self.notes.push_back((position, now)),
        }
        if self.notes.len() > NOTES {
            self.notes.pop_front();
        }
    }

    /// How far behind a standby is at most that has replayed up to `position`; none where the notes do not go back that far.
    pub fn of(&mut self, position: i64, now: Duration) -> Option<Duration> {
        let (last, _) = self.notes.back()?;
        if position >= *last {
            return Some(Duration::ZERO);
        }
        let replayed = self.notes.iter().rposition(|(noted, _)| *noted <= position)?;
        self.notes.drain(..replayed);
        Some(now.saturating_sub(self.notes[0].1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn second(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_quiet_primary_is_no_lag() {
        let mut lag = Lag::default();
        lag.note(100, second(0));
        lag.note(100, second(50_000));
        assert_eq!(lag.of(100, second(50_000)), Some(second(0)));
        // The first write after a quiet night does not make the night a lag.
        lag.note(101, second(50_001));
        assert_eq!(lag.of(100, second(50_002)), Some(second(2)));
    }

    #[test]
    fn a_standby_that_stands_still_falls_behind_until_it_has_caught_up() {
        let mut lag = Lag::default();
        for n in 0..10 {
            lag.note(100 + i64::try_from(n).unwrap(), second(n));
        }
        assert_eq!(lag.of(103, second(9)), Some(second(6)));
        assert_eq!(lag.of(103, second(12)), Some(second(9)));
        assert_eq!(lag.of(108, second(12)), Some(second(4)));
        assert_eq!(lag.of(200, second(12)), Some(second(0)));
    }

    #[test]
    fn what_was_before_the_first_note_is_unknown() {
        let mut lag = Lag::default();
        assert_eq!(lag.of(100, second(0)), None);
        lag.note(100, second(0));
        assert_eq!(lag.of(99, second(5)), None);
        // Another primary: its log begins anew.
        lag.note(50, second(6));
        assert_eq!(lag.of(50, second(7)), Some(second(0)));
        for position in 0..5_000 {
            lag.note(100 + position, second(8));
        }
        assert_eq!(lag.of(100, second(9)), None);
    }
}
