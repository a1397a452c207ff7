//! The device's storage as a [`Store`], and who is signed in: each call goes to the disk, or to the memory in its place.
//!
//! **Invariant:** what exists nowhere else gets room on a full disk; what the server has too does not.

use super::DeviceStore;
use crate::{
    crypto::Key,
    store::{IdbStore, Leaving, Session, StoreError, Unsealed, memory, memory::sure},
};
use domain::{Row, RowId, Table, UserId, WriteId};
use sync::{Amendment, Applied, OutboxRecord, Place, ShapeBatch, Store, Stored};

/// Who is signed in; see [`super::session`].
impl DeviceStore {
    /// The session of this device.
    pub async fn session(&self) -> Result<Option<Session>, StoreError> {
        match self.on_disk(async |disk, _| disk.session().await).await? {
            Some(session) => Ok(session),
            None => Ok(memory::session(&self.shared.memory).await),
        }
    }

    /// Begins a session, with the key to what its user left sealed, and says how many seals it has opened. Rows that belong to another one are
    /// wiped. The memory seals nothing.
    pub async fn begin_session(&self, session: &Session, key: Option<&Key>) -> Result<usize, StoreError> {
        let opened = self.with_room(async |disk, _| disk.begin_session(session, key).await).await?;
        if opened.is_none() {
            memory::begin_session(&self.shared.memory, session).await;
        }
        Ok(opened.unwrap_or_default())
    }

    /// Renews the session of who is still signed in here. `false`: somebody else is, or nobody, and nothing is changed.
    pub async fn renew_session(&self, session: &Session) -> Result<bool, StoreError> {
        match self.with_room(async |disk, _| disk.renew_session(session).await).await? {
            Some(is_theirs) => Ok(is_theirs),
            None => Ok(memory::renew_session(&self.shared.memory, session).await),
        }
    }

    /// Notes that the server does not know this user's session any more; does nothing when somebody else is signed in by now.
    pub async fn note_session_ended(&self, user: UserId) -> Result<(), StoreError> {
        if self.with_room(async |disk, _| disk.note_session_ended(user).await).await?.is_none() {
            memory::note_session_ended(&self.shared.memory, user).await;
        }
        Ok(())
    }

    /// Ends this user's session: rows go, and what they wrote is left so. In memory it stays as it is, for as long as the page does.
    pub async fn leave(&self, user: UserId, leaving: Leaving) -> Result<(), StoreError> {
        if self.with_room(async |disk, _| disk.leave(user, leaving).await).await?.is_none() {
            memory::leave(&self.shared.memory, user, leaving).await;
        }
        Ok(())
    }

    /// Opens what this user left behind. The memory holds no seals.
    pub async fn open_seals(&self, user: UserId) -> Result<Unsealed, StoreError> {
        Ok(self.with_room(async |disk, _| disk.open_seals(user).await).await?.unwrap_or_default())
    }

    /// The note of this name, or `fresh` from now on.
    pub async fn note_or(&self, name: &str, fresh: String) -> Result<String, StoreError> {
        match self.with_room(async |disk, _| disk.note_or(name, fresh.clone()).await).await? {
            Some(note) => Ok(note),
            None => Ok(memory::note_or(&self.shared.memory, name, fresh).await),
        }
    }
}

impl Store for DeviceStore {
    type Error = StoreError;

    async fn enqueue(&self, drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, StoreError> {
        let work = async |disk: &IdbStore, is_repeat: bool| match is_repeat {
            false => disk.enqueue(drafts.clone()).await,
            true => disk.enqueue_again(drafts.clone()).await,
        };
        match self.with_room(work).await? {
            Some(stored) => Ok(stored),
            None => Ok(sure(self.shared.memory.enqueue(drafts).await)),
        }
    }

    async fn outbox(&self) -> Result<Vec<Stored>, StoreError> {
        match self.on_disk(async |disk, _| disk.outbox().await).await? {
            Some(stored) => Ok(stored),
            None => Ok(sure(self.shared.memory.outbox().await)),
        }
    }

    async fn amend(&self, amendments: Vec<Amendment>) -> Result<bool, StoreError> {
        match self.with_room(async |disk, _| disk.amend(amendments.clone()).await).await? {
            Some(amended) => Ok(amended),
            None => Ok(sure(self.shared.memory.amend(amendments).await)),
        }
    }

    async fn history(&self, most: usize) -> Result<Vec<OutboxRecord>, StoreError> {
        match self.on_disk(async |disk, _| disk.history(most).await).await? {
            Some(records) => Ok(records),
            None => Ok(sure(self.shared.memory.history(most).await)),
        }
    }

    async fn forget_history(&self, ids: &[WriteId]) -> Result<(), StoreError> {
        match self.on_disk(async |disk, _| disk.forget_history(ids).await).await? {
            Some(()) => Ok(()),
            None => {
                sure(self.shared.memory.forget_history(ids).await);
                Ok(())
            }
        }
    }

    async fn apply_shape(&self, batch: &ShapeBatch) -> Result<Applied, StoreError> {
        match self.on_disk(async |disk, _| disk.apply_shape(batch).await).await {
            Ok(Some(applied)) => {
                self.shared.note_room();
                Ok(applied)
            }
            Ok(None) => {
                memory::demand_owner(&self.shared.memory, self.owner).await?;
                Ok(sure(self.shared.memory.apply_shape(batch).await))
            }
            Err(error) => {
                if error == StoreError::Full {
                    self.shared.note_full();
                }
                Err(error)
            }
        }
    }

    async fn place(&self, table: Table) -> Result<Option<Place>, StoreError> {
        match self.on_disk(async |disk, _| disk.place(table).await).await? {
            Some(place) => Ok(place),
            None => Ok(sure(self.shared.memory.place(table).await)),
        }
    }

    async fn rows(&self, table: Table) -> Result<Option<Vec<Row>>, StoreError> {
        match self.try_on_disk(async |disk, _| disk.rows(table).await).await.map_err(unreadable)? {
            Some(rows) => Ok(rows),
            None => Ok(sure(self.shared.memory.rows(table).await)),
        }
    }

    async fn rows_by_id(&self, table: Table, ids: &[RowId]) -> Result<Option<Vec<Row>>, StoreError> {
        match self.try_on_disk(async |disk, _| disk.rows_by_id(table, ids).await).await.map_err(unreadable)? {
            Some(rows) => Ok(rows),
            None => Ok(sure(self.shared.memory.rows_by_id(table, ids).await)),
        }
    }

    async fn forget_rows(&self) -> Result<(), StoreError> {
        match self.on_disk(async |disk, _| disk.forget_rows().await).await? {
            Some(()) => Ok(()),
            None => {
                sure(self.shared.memory.forget_rows().await);
                Ok(())
            }
        }
    }

    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self.on_disk(async |disk, _| disk.note(name).await).await? {
            Some(note) => Ok(note),
            None => Ok(sure(self.shared.memory.note(name).await)),
        }
    }

    async fn set_note(&self, name: &str, text: Option<&str>) -> Result<(), StoreError> {
        match self.with_room(async |disk, _| disk.set_note(name, text).await).await? {
            Some(()) => Ok(()),
            None => {
                sure(self.shared.memory.set_note(name, text).await);
                Ok(())
            }
        }
    }
}

/// Rows that cannot be read are no reason to leave the disk: they are forgotten, and the server has them.
fn unreadable(error: StoreError) -> StoreError {
    if error.may_pass() {
        StoreError::UnreadableRow(error.to_string())
    } else {
        error
    }
}
