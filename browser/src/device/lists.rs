//! How far this user's lists are here: what a screen may say of what it does not find.
//!
//! **Invariant:** a list that may lack something is never called whole.

use super::Device;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// Not all of them have come yet.
    Awaited {
        /// In a first sync that this tab makes, how many rows have come.
        rows_so_far: usize,
    },
    /// The browser had cleared its data, and an open page stored again what it held: that is shown until the tables come again. What is missing
    /// from it may be there all the same.
    Restored,
    /// Every table of this user has been here once.
    Here,
}

impl Device {
    /// How far they are here. [`super::News::FirstSync`] and [`super::News::Status`] tell when that changes.
    pub fn lists(&self) -> Lists {
        if self.first_sync_done() {
            Lists::Here
        } else if self.0.restored.borrow().is_empty() {
            Lists::Awaited {
                rows_so_far: self.rows_so_far(),
            }
        } else {
            Lists::Restored
        }
    }

    fn rows_so_far(&self) -> usize {
        let arriving: usize = self.0.streams.borrow().values().filter_map(|state| state.rows_so_far).sum();
        let view = self.0.view.borrow();
        arriving + self.0.placed.borrow().iter().map(|table| view.count(*table)).sum::<usize>()
    }

    /// Whether every table of this user has been here once.
    pub fn first_sync_done(&self) -> bool {
        let placed = self.0.placed.borrow();
        self.0
            .session
            .borrow()
            .as_ref()
            .is_some_and(|session| session.tables().iter().all(|table| placed.contains(table)))
    }
}
