//! Whose accounts and sessions have changed, for what knows them by heart or waits on their behalf.
//!
//! **Invariant:** a change is noted before whoever asked for it is answered; what was read before the note is old.

use domain::UserId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::broadcast;

/// How many changes a listener may fall behind before it is told that it missed some.
const REMEMBERED: usize = 256;

/// Counts changes of people. Cheap to clone.
#[derive(Clone)]
pub struct People(Arc<Shared>);

struct Shared {
    counted: Mutex<Counted>,
    changes: broadcast::Sender<UserId>,
}

/// A moment in the count of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

#[derive(Default)]
struct Counted {
    now: Moment,
    /// When somebody changed last; who is not in it has not changed since `all`.
    last: HashMap<UserId, Moment>,
    /// When anybody may have changed.
    all: Moment,
}

impl Default for People {
    fn default() -> Self {
        let (changes, _) = broadcast::channel(REMEMBERED);
        let counted = Mutex::default();
        Self(Arc::new(Shared { counted, changes }))
    }
}

impl People {
    /// To be asked before somebody's account is read.
    pub fn now(&self) -> Moment {
        self.counted().now
    }

    /// Whether what was read of somebody at that moment still holds.
    pub fn is_as_at(&self, user: UserId, moment: Moment) -> bool {
        let counted = self.counted();
        counted.all <= moment && counted.last.get(&user).is_none_or(|last| *last <= moment)
    }

    /// Tells of each change; where too many came, that some were missed.
    pub fn listen(&self) -> broadcast::Receiver<UserId> {
        self.0.changes.subscribe()
    }

    pub(super) fn changed(&self, people: &[UserId]) {
        for user in people {
            let mut counted = self.counted();
            let now = counted.count();
            counted.last.insert(*user, now);
            drop(counted);
            // Nobody listening is no error.
            let _ = self.0.changes.send(*user);
        }
    }

    /// Anybody may have changed: what was read before is read again when it is asked for.
    pub(super) fn all_changed(&self) {
        let mut counted = self.counted();
        counted.all = counted.count();
        counted.last.clear();
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn count(&mut self) -> Moment {
        self.now = Moment(self.now.0 + 1);
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn what_was_read_before_a_change_is_old() {
        let (people, a, b) = (People::default(), UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let before = people.now();
        people.changed(&[a]);
        assert!(!people.is_as_at(a, before) && people.is_as_at(b, before));
        let after = people.now();
        assert!(people.is_as_at(a, after));
        people.all_changed();
        assert!(!people.is_as_at(a, after) && !people.is_as_at(b, after));
        assert!(people.is_as_at(b, people.now()));
    }
}
