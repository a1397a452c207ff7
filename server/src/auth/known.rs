//! Sessions known by heart: a device that asks again a moment later costs no look into the database.
//!
//! **Invariant:** what is known of somebody is forgotten in the same moment in which their account or sessions change
//! ([`crate::db::people`]), and after [`crate::config::Limits::look_again`] in any case.

use super::session::Session;
use crate::db::{People, people::Moment};
use domain::Timestamp;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Some kilobytes each. Where there are more, those who ask are looked up again.
const MOST: usize = 20_000;

/// Sessions by the digest of their token. Cheap to clone.
#[derive(Clone, Default)]
pub struct KnownSessions(Arc<Mutex<HashMap<String, Known>>>);

struct Known {
    session: Session,
    /// From before it was read.
    moment: Moment,
    looked_at: Instant,
}

impl KnownSessions {
    /// A session that stands as far as is known.
    pub(super) fn get(&self, digest: &str, people: &People, at: Timestamp, max_age: Duration) -> Option<Session> {
        let sessions = self.sessions();
        let known = sessions.get(digest)?;
        let is_fresh = known.looked_at.elapsed() < max_age && at < known.session.expires_at;
        (is_fresh && people.is_as_at(known.session.user.id, known.moment)).then(|| known.session.clone())
    }

    /// Remembers what has been read; `moment` is from before the reading.
    pub(super) fn put(&self, session: Session, moment: Moment, max_age: Duration) {
        let mut sessions = self.sessions();
        if sessions.len() >= MOST {
            sessions.retain(|_, known| known.looked_at.elapsed() < max_age);
        }
        if sessions.len() < MOST {
            let looked_at = Instant::now();
            sessions.insert(session.token_digest.clone(), Known { session, moment, looked_at });
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
