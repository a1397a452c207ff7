//! Chance that can be repeated: one number, and everything that follows from it.
//!
//! **Invariant:** nothing else in this crate is random, so a seed is a whole run.

use std::cell::Cell;

/// A seeded sequence (SplitMix64): small, quick, and good enough to play with.
#[derive(Debug)]
pub struct Dice(Cell<u64>);

impl Dice {
    /// The sequence of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, but without, `sides`.
    pub fn below(&self, sides: usize) -> usize {
        ((u128::from(self.next()) * sides as u128) >> 64) as usize
    }

    /// From 0 up to, but without, `sides`.
    pub fn below_ms(&self, sides: i64) -> i64 {
        self.below(usize::try_from(sides).unwrap_or(1).max(1)) as i64
    }

    /// True once in `sides` throws.
    pub fn one_in(&self, sides: usize) -> bool {
        self.below(sides) == 0
    }

    /// One of these.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// From 0 to 1.
    pub fn fraction(&self) -> f64 {
        self.below(1_000_001) as f64 / 1_000_000.0
    }
}
