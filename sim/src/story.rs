//! What happened, for who has to understand a failure.
//!
//! **Invariant:** telling changes nothing: a run with a story is the run without.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// The last events of a run; nothing is written down unless somebody wants to read it.
#[derive(Debug, Default)]
pub struct Story {
    is_told: Cell<bool>,
    lines: RefCell<VecDeque<String>>,
}

/// More than anybody reads.
const MOST_LINES: usize = 4_000;

impl Story {
    /// A story that is written down, or one that is not.
    pub fn new(is_told: bool) -> Self {
        Self {
            is_told: Cell::new(is_told),
            lines: RefCell::default(),
        }
    }

    /// Whether anybody wants it.
    pub fn is_told(&self) -> bool {
        self.is_told.get()
    }

    /// One event; the words are made only when somebody reads them.
    pub fn tell(&self, at_ms: i64, event: impl FnOnce() -> String) {
        if !self.is_told.get() {
            return;
        }
        let mut lines = self.lines.borrow_mut();
        if lines.len() == MOST_LINES {
            lines.pop_front();
        }
        lines.push_back(format!("{:>10.3} s  {}", at_ms as f64 / 1_000.0, event()));
    }

    /// The last so many events.
    pub fn last(&self, most: usize) -> Vec<String> {
        let lines = self.lines.borrow();
        lines.iter().skip(lines.len().saturating_sub(most)).cloned().collect()
    }
}
