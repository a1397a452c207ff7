//! Counts in this process's memory: for one server, and while Redis is out of reach.
//!
//! **Invariant:** it never holds more keys than its capacity, whoever asks how often under whatever key.

use super::{
    ledger::{Ledger, OutOfReach},
    quota::Quota,
    window::{Spend, Verdict, Window},
};
use domain::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// With the largest default quota some 50 MB at the very worst, a few hundred kB in an office.
const CAPACITY: usize = 50_000;
/// Below so many keys nobody looks for old ones.
const FEW: usize = 1_024;

/// A ledger in memory.
pub struct Memory {
    counts: Mutex<Counts>,
    capacity: usize,
}

struct Counts {
    by_key: HashMap<String, Count>,
    /// With so many keys the old ones are dropped before another comes.
    sweep_at: usize,
}

struct Count {
    window: Window,
    over_at: i64,
}

impl Default for Memory {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Memory {
    /// Holds at most so many keys.
    pub fn with_capacity(capacity: usize) -> Self {
        let counts = Counts {
            by_key: HashMap::new(),
            sweep_at: FEW.min(capacity),
        };
        Self {
            counts: Mutex::new(counts),
            capacity,
        }
    }
}

impl Ledger for Memory {
    async fn spend(&self, key: &str, quota: Quota, spend: Spend, now: Timestamp) -> Result<Verdict, OutOfReach> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if !counts.by_key.contains_key(key) {
            if spend != Spend::One {
                // Looking must not fill the memory.
                return Ok(Window::default().spend(quota, spend, now));
            }
            counts.make_room(now.micros(), self.capacity);
        }
        let count = counts.by_key.entry(key.to_owned()).or_insert_with(|| Count {
            window: Window::default(),
            over_at: i64::MIN,
        });
        let verdict = count.window.spend(quota, spend, now);
        count.over_at = count.window.is_over_at(quota.window);
        Ok(verdict)
    }
}

impl Counts {
    /// Drops what is over; where that is not enough, the half that has been quiet for longest. The next sweep comes when
    /// as many keys have come again, so that a flood of new ones costs each a constant share.
    fn make_room(&mut self, now: i64, capacity: usize) {
        if self.by_key.len() < self.sweep_at {
            return;
        }
        self.by_key.retain(|_, count| count.over_at > now);
        if self.by_key.len() >= capacity {
            let mut ends: Vec<i64> = self.by_key.values().map(|count| count.over_at).collect();
            let (_, middle, _) = ends.select_nth_unstable(capacity / 2);
            let middle = *middle;
            self.by_key.retain(|_, count| count.over_at > middle);
        }
        self.sweep_at = (self.by_key.len() * 2).max(FEW).min(capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ledger::conformance;
    use std::time::Duration;

    #[tokio::test]
    async fn memory_keeps_the_rule() {
        conformance::holds(&Memory::default(), "memory").await;
    }

    #[tokio::test]
    async fn a_flood_of_keys_does_not_fill_the_memory() {
        let memory = Memory::with_capacity(3_000);
        let quota = Quota {
            requests: 2,
            window: Duration::from_secs(60),
        };
        let keys = || memory.counts.lock().unwrap().by_key.len();
        for number in 0..20_000 {
            let verdict = memory.spend(&format!("key {number}"), quota, Spend::One, Timestamp::from_micros(number)).await;
            assert!(verdict.unwrap().is_allowed);
            assert!(keys() <= 3_000);
        }
        let last = memory.spend("key 19999", quota, Spend::Nothing, Timestamp::from_micros(20_000)).await.unwrap();
        assert_eq!(last.remaining, 1, "the newest are kept");
        for number in 0..3_000 {
            let later = Timestamp::from_micros(120_000_000 + number);
            memory.spend(&format!("later {number}"), quota, Spend::One, later).await.unwrap();
        }
        assert!(
            memory
                .spend("key 1", quota, Spend::Nothing, Timestamp::from_micros(120_000_000))
                .await
                .unwrap()
                .remaining
                == 2
        );
        assert!(keys() <= 3_000);
    }
}
