//! Many days, on all processors: each day is one seed, and no day knows of another.
//!
//! **Invariant:** the broken day that is named is the one of the least seed, however many threads there are.

use crate::{Outcome, Size, coverage::Coverage, flicker::Looks, is_real, play, wrong::Wrong};
use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};

/// Which days are to be played.
#[derive(Clone, Copy, Debug)]
pub struct Days {
    /// The first seed.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// How large each is.
    pub size: Size,
    /// What is done wrong in them on purpose.
    pub wrong: Option<Wrong>,
}

/// What came of them.
#[derive(Debug, Default)]
pub struct Totals {
    /// Which faults met which states.
    pub coverage: Coverage,
    /// How many writes were promised.
    pub writes: usize,
    /// How often something was looked at that could have flickered.
    pub looks: Looks,
    /// The least seed whose day broke the law.
    pub broken: Option<u64>,
}

impl Days {
    /// One of them.
    pub fn play(&self, seed: u64, is_told: bool) -> Outcome {
        play(seed, self.size, self.wrong, is_told)
    }

    /// How many of them are before the real server.
    pub fn count_real(&self) -> u64 {
        let seeds = (0..self.count).map(|run| self.first.wrapping_add(run));
        seeds.filter(|seed| is_real(*seed, self.wrong)).count() as u64
    }

    /// All of them, or those up to the first that breaks the law.
    pub fn play_all(&self) -> Totals {
        let (next, broken) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut totals = Totals::default();
        thread::scope(|scope| {
            let at_work: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.play_some(&next, &broken))).collect();
            for thread in at_work {
                let some = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
                totals.coverage.add(&some.coverage);
                totals.writes += some.writes;
                totals.looks += some.looks;
            }
        });
        totals.broken = Some(broken.into_inner()).filter(|run| *run != u64::MAX).map(|run| self.first.wrapping_add(run));
        totals
    }

    /// Takes one day after another. They are taken in order: whatever stands before a broken one is played to its end.
    fn play_some(&self, next: &AtomicU64, broken: &AtomicU64) -> Totals {
        let mut totals = Totals::default();
        loop {
            let run = next.fetch_add(1, Relaxed);
            if run >= self.count || run > broken.load(Relaxed) {
                return totals;
            }
            let outcome = self.play(self.first.wrapping_add(run), false);
            totals.coverage.add(&outcome.coverage);
            totals.writes += outcome.writes;
            totals.looks += outcome.looks;
            if outcome.violation.is_some() {
                broken.fetch_min(run, Relaxed);
            }
        }
    }
}
