//! The session in the memory store, as [`super::session`] has it in IndexedDB.
//!
//! **Invariant:** nothing here waits, so each function is one step to everybody else.

use super::{
    Holdings, Leaving, Session,
    error::StoreError,
    session::{self, SESSION_NOTE},
};
use domain::UserId;
use std::convert::Infallible;
use sync::{Store, Stored, store::memory::MemoryStore};

/// Memory never fails.
pub fn sure<T>(done: Result<T, Infallible>) -> T {
    let Ok(done) = done;
    done
}

/// See [`super::IdbStore::session`].
pub async fn session(memory: &MemoryStore) -> Option<Session> {
    sure(memory.note(SESSION_NOTE).await).as_deref().and_then(session::read)
}

/// See [`super::IdbStore::begin_session`].
pub async fn begin_session(memory: &MemoryStore, begun: &Session) {
    if !session(memory).await.is_some_and(|before| before.shares_rows_with(begun)) {
        sure(memory.forget_rows().await);
    }
    sure(memory.set_note(SESSION_NOTE, session::write(begun).ok().as_deref()).await);
}

/// See [`super::IdbStore::renew_session`].
pub async fn renew_session(memory: &MemoryStore, renewed: &Session) -> bool {
    let is_theirs = session(memory).await.is_some_and(|before| before.user.id == renewed.user.id);
    if is_theirs {
        begin_session(memory, renewed).await;
    }
    is_theirs
}

/// See [`super::IdbStore::note_session_ended`].
pub async fn note_session_ended(memory: &MemoryStore, user: UserId) {
    if let Some(session) = session(memory).await.filter(|session| session.user.id == user) {
        let ended = Session { has_ended: true, ..session };
        sure(memory.set_note(SESSION_NOTE, session::write(&ended).ok().as_deref()).await);
    }
}

/// See [`super::IdbStore::leave`].
pub async fn leave(memory: &MemoryStore, user: UserId, leaving: Leaving) {
    if leaving == Leaving::Discard {
        memory.remove_writes_of(user);
    }
    if session(memory).await.is_some_and(|session| session.user.id == user) {
        sure(memory.forget_rows().await);
        sure(memory.set_note(SESSION_NOTE, None).await);
    }
}

/// See [`super::IdbStore::on_behalf_of`].
pub async fn demand_owner(memory: &MemoryStore, owner: Option<UserId>) -> Result<(), StoreError> {
    match owner {
        Some(owner) if session(memory).await.is_none_or(|session| session.user.id != owner) => Err(StoreError::NotOurs),
        _ => Ok(()),
    }
}

/// Every write that lies here, as it is to be stored on the disk: in order, also those that are over.
pub async fn holdings(memory: &MemoryStore) -> Holdings {
    let mut writes = sure(memory.history(usize::MAX).await);
    writes.extend(sure(memory.outbox().await).into_iter().filter_map(Stored::record));
    writes.sort_by_key(|record| record.seq);
    Holdings { writes, ..Holdings::default() }
}

/// See [`super::IdbStore::note_or`].
pub async fn note_or(memory: &MemoryStore, name: &str, fresh: String) -> String {
    if let Some(known) = sure(memory.note(name).await) {
        return known;
    }
    sure(memory.set_note(name, Some(&fresh)).await);
    fresh
}
