//! Who is signed in on this device, and whose rows therefore lie here.
//!
//! Two tabs may sign two people in at once, while a third still receives rows for the first of them. The session
//! changes in the transaction that wipes the rows, and rows are stored only in a transaction that finds their owner signed in. It begins in the
//! transaction that keeps its user's key and opens what they left sealed with it ([`super::unsealing`]), and ends in the one that forgets
//! it ([`super::seals`]).
//!
//! **Invariant:** all rows in the store belong to the user of the session note.

use super::{
    IdbStore,
    connection::Access,
    error::StoreError,
    layout::{HISTORY, KEYS, NOTES, OUTBOX, PLACES, ROWS, SEALS, SNAPSHOTS},
    notes, rows,
    seals::{self, MOST_TRIES},
    unsealing::Found,
};
use crate::crypto::Key;
use domain::{Table, UserId};
use indexed_db_futures::transaction::Transaction;
use protocol::User;
use serde::{Deserialize, Serialize};

/// The note that holds it.
pub const SESSION_NOTE: &str = "session";

/// The session as the device knows it; it outlives the server's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who is signed in.
    pub user: User,
    /// URL names of the tables that this user syncs.
    pub shapes: Vec<String>,
    /// The server has said that the session is over: local work goes on, syncing waits.
    #[serde(default)]
    pub has_ended: bool,
}

impl Session {
    /// A session that the server has just confirmed.
    pub fn new(user: User, shapes: Vec<String>) -> Self {
        Self {
            user,
            shapes,
            has_ended: false,
        }
    }

    /// Whether the server, as far as we know, takes writes under it.
    pub const fn may_send(&self) -> bool {
        !self.has_ended && !self.user.must_change_password
    }

    /// The tables to sync, parents first. Names that only a newer app knows are passed over.
    pub fn tables(&self) -> Vec<Table> {
        Table::ALL
            .into_iter()
            .filter(|table| self.shapes.iter().any(|name| Table::from_name(name) == Some(*table)))
            .collect()
    }

    /// Rows that came for the other session may stay for this one.
    pub fn shares_rows_with(&self, other: &Self) -> bool {
        self.user.id == other.user.id && self.user.role == other.user.role && self.tables() == other.tables()
    }
}

impl IdbStore {
    /// The session of this device.
    pub async fn session(&self) -> Result<Option<Session>, StoreError> {
        Ok(notes::note(&self.connection, SESSION_NOTE).await?.as_deref().and_then(read))
    }

    /// Begins a session, with the key to what its user left sealed, if the server has given one. What it opens is among their records from the
    /// first moment on, unless there is no room for it: then it stays sealed. Says how many seals that were. Rows that belong to another session
    /// are wiped.
    pub async fn begin_session(&self, session: &Session, key: Option<&Key>) -> Result<usize, StoreError> {
        for _ in 0..MOST_TRIES {
            let found = Found::look(&self.connection, session.user.id, key).await?;
            match self.begin_with(session, key, Some(&found)).await {
                Ok(None) => {}
                Ok(Some(opened)) => return Ok(opened),
                Err(StoreError::Full) => break,
                Err(error) => return Err(error),
            }
        }
        self.begin_with(session, key, None).await.map(Option::unwrap_or_default)
    }

    /// Nothing is changed where more was sealed than was found.
    async fn begin_with(&self, session: &Session, key: Option<&Key>, found: Option<&Found>) -> Result<Option<usize>, StoreError> {
        let text = write(session)?;
        let work = async |transaction: &Transaction<'_>| {
            let opened = match found {
                Some(found) if !found.is_all_in(transaction, session.user.id).await? => return Ok(None),
                Some(found) => found.put_back_in(transaction).await?,
                None => 0,
            };
            if let Some(key) = key {
                seals::keep_key_in(transaction, session.user.id, key)?;
            }
            let before = session_in(transaction).await?;
            // Who has signed in after they were to be seen off.
            if let Some(other) = before.as_ref().filter(|before| before.user.id != session.user.id) {
                seals::forget_key_in(transaction, other.user.id)?;
            }
            note_in(transaction, before.as_ref(), session, &text)?;
            Ok(Some(opened))
        };
        let stores = [SEALS, OUTBOX, HISTORY, NOTES, KEYS, ROWS, SNAPSHOTS, PLACES];
        self.connection.transact(&stores, Access::WriteDurably, work).await
    }

    /// Renews the session of who is still signed in here. `false`: somebody else is, or nobody, and nothing is changed.
    pub async fn renew_session(&self, session: &Session) -> Result<bool, StoreError> {
        let text = write(session)?;
        let work = async |transaction: &Transaction<'_>| {
            let before = session_in(transaction).await?.filter(|before| before.user.id == session.user.id);
            if before.is_some() {
                note_in(transaction, before.as_ref(), session, &text)?;
            }
            Ok(before.is_some())
        };
        self.connection.transact(&[NOTES, ROWS, SNAPSHOTS, PLACES], Access::Write, work).await
    }

    /// Notes that the server does not know this user's session any more; does nothing when somebody else is signed in by now.
    pub async fn note_session_ended(&self, user: UserId) -> Result<(), StoreError> {
        let work = async |transaction: &Transaction<'_>| {
            let notes = transaction.object_store(NOTES)?;
            match notes::read(&notes, SESSION_NOTE).await?.as_deref().and_then(read) {
                Some(session) if session.user.id == user => {
                    let ended = Session { has_ended: true, ..session };
                    notes::write(&notes, SESSION_NOTE, write(&ended).ok().as_deref())
                }
                _ => Ok(()),
            }
        };
        self.connection.transact(&[NOTES], Access::Write, work).await
    }
}

async fn session_in(transaction: &Transaction<'_>) -> Result<Option<Session>, StoreError> {
    let note = notes::read(&transaction.object_store(NOTES)?, SESSION_NOTE).await?;
    Ok(note.as_deref().and_then(read))
}

/// Writes the session's note; `text` is what stands in it.
fn note_in(transaction: &Transaction<'_>, before: Option<&Session>, session: &Session, text: &str) -> Result<(), StoreError> {
    if !before.is_some_and(|before| before.shares_rows_with(session)) {
        rows::forget(transaction)?;
    }
    notes::write(&transaction.object_store(NOTES)?, SESSION_NOTE, Some(text))
}

/// Whether this user is signed in, inside a transaction.
pub async fn is_of(transaction: &Transaction<'_>, user: UserId) -> Result<bool, StoreError> {
    Ok(session_in(transaction).await?.is_some_and(|session| session.user.id == user))
}

/// Ends this user's session inside a transaction: session and rows go. Somebody else's stays.
pub async fn end_in(transaction: &Transaction<'_>, user: UserId) -> Result<(), StoreError> {
    if is_of(transaction, user).await? {
        rows::forget(transaction)?;
        notes::write(&transaction.object_store(NOTES)?, SESSION_NOTE, None)?;
    }
    Ok(())
}

/// Fails when an owner is named, and somebody else, or nobody, is signed in.
pub async fn demand_owner(transaction: &Transaction<'_>, owner: Option<UserId>) -> Result<(), StoreError> {
    let Some(owner) = owner else { return Ok(()) };
    if is_of(transaction, owner).await? { Ok(()) } else { Err(StoreError::NotOurs) }
}

/// As it stands in its note.
pub fn write(session: &Session) -> Result<String, StoreError> {
    serde_json::to_string(session).map_err(|error| StoreError::Browser(error.to_string()))
}

/// A note of another version of the app means that its user signs in again.
pub fn read(text: &str) -> Option<Session> {
    serde_json::from_str(text).ok()
}
