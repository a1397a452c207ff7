//! The end of the change log, as long as it is short, in memory.
//!
//! **Invariant:** it has every change between its begin and its end.

use crate::db::{Commit, changes::Place};
use std::{collections::VecDeque, sync::Arc};

/// Some kilobytes each, shared by everyone who waits.
const MOST_CHANGES: usize = 2_000;

/// The last commits.
pub struct Tail {
    begin: i64,
    end: i64,
    commits: VecDeque<Arc<Commit>>,
    changes: usize,
}

impl Tail {
    /// Nothing yet, from a position on.
    pub fn after(position: i64) -> Self {
        Self {
            begin: position,
            end: position,
            commits: VecDeque::new(),
            changes: 0,
        }
    }

    /// Takes the next commit in. Where something is missing before it or in it, the tail begins anew behind it; gives whether
    /// that was not so.
    pub fn push(&mut self, commit: &Arc<Commit>) -> bool {
        if commit.until <= self.end {
            return true;
        }
        if commit.after != self.end || !commit.is_whole {
            *self = Self::after(commit.until);
            return false;
        }
        self.end = commit.until;
        self.changes += commit.changes.len();
        self.commits.push_back(Arc::clone(commit));
        while self.changes > MOST_CHANGES {
            let Some(oldest) = self.commits.pop_front() else { break };
            self.begin = oldest.until;
            self.changes -= oldest.changes.len();
        }
        true
    }

    /// The commits after a place and the position of the last; none where the tail does not reach so far back, or not so far on.
    pub fn since(&self, place: Place) -> Option<(Vec<Arc<Commit>>, i64)> {
        let is_inside = place.position > self.begin || place == Place::end_of(self.begin);
        if !is_inside || place.position > self.end {
            return None;
        }
        let later = self.commits.iter().rev().take_while(|commit| commit.until >= place.position);
        let mut later: Vec<_> = later.cloned().collect();
        later.reverse();
        Some((later, self.end))
    }
}
