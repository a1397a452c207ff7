//! Everything random in the demo, drawn from its seed.
//!
//! **Invariant:** one seed, one sequence; the order of the calls is part of the result.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::ops::RangeInclusive;
use uuid::{Builder, Uuid};

/// 2026-01-05: demo ids do not depend on the day of the start.
const FIRST_ID_MILLIS: u64 = 1_767_571_200_000;

/// The seed's next numbers.
pub struct Draw {
    rng: StdRng,
    ids: u64,
}

impl Draw {
    /// Begins at the seed.
    pub fn from_seed(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            ids: 0,
        }
    }

    /// A UUIDv7 that is later than the one before.
    pub fn id(&mut self) -> Uuid {
        let random: [u8; 10] = self.rng.random();
        self.ids += 1;
        Builder::from_unix_timestamp_millis(FIRST_ID_MILLIS + self.ids, &random).into_uuid()
    }

    /// A whole number of a range.
    pub fn between(&mut self, range: RangeInclusive<i64>) -> i64 {
        self.rng.random_range(range)
    }

    /// One of several, all equally likely. The slice must not be empty.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.rng.random_range(0..choices.len())]
    }

    /// True in so many cases of a hundred.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent.min(100), 100)
    }
}
