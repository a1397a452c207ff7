//! What is done about a storage that fails: another connection, more room, the memory, and the way back.
//!
//! **Invariant:** the memory is emptied only when the disk has all of it.

use super::{DeviceStore, StorageNews};
use crate::{
    persistence, scope,
    store::{IdbStore, StorageState, StoreError, memory, memory::sure},
};
use sync::Store;

/// What is waited for before each try: most faults are a process of the browser's that is started again.
const PAUSES_MS: [i64; 3] = [0, 0, 500];

/// What makes room on a full disk: the server has it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    /// Pictures first: without rows there is nothing to work on.
    Photos,
    Rows,
}

impl DeviceStore {
    /// What `work` made of the disk; `None` where the memory has its place. `work` hears whether it is repeated.
    pub(super) async fn on_disk<T>(&self, work: impl AsyncFn(&IdbStore, bool) -> Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match self.try_on_disk(work).await {
            Err(error) if error.may_pass() && self.shared.may_use_memory => {
                self.fall_back(&error).await;
                Ok(None)
            }
            done => done,
        }
    }

    /// The same for what exists nowhere else: on a full disk sent photos make room for it, and then rows.
    pub(super) async fn with_room<T>(&self, work: impl AsyncFn(&IdbStore, bool) -> Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        let mut next = Some(Room::Photos);
        loop {
            match (self.on_disk(&work).await, next) {
                (Err(StoreError::Full), Some(room)) => next = self.make(room).await?,
                (done, _) => return done,
            }
        }
    }

    /// Makes room, and says what may make more.
    async fn make(&self, room: Room) -> Result<Option<Room>, StoreError> {
        self.shared.note_full();
        if room == Room::Photos && self.forget_sent_photos().await? > 0 {
            return Ok(Some(Room::Rows));
        }
        self.forget_rows().await?;
        Ok(None)
    }

    pub(super) async fn try_on_disk<T>(&self, work: impl AsyncFn(&IdbStore, bool) -> Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        let mut failed = StoreError::Lost;
        for (tries, pause_ms) in PAUSES_MS.into_iter().enumerate() {
            if pause_ms > 0 {
                scope::sleep(pause_ms).await;
            }
            if self.is_in_memory() {
                return Ok(None);
            }
            match work(&self.disk, tries > 0).await {
                Err(error) if error.may_pass() => failed = error,
                Err(StoreError::Superseded) => {
                    self.shared.stands(StorageState::Superseded);
                    return Err(StoreError::Superseded);
                }
                done => return done.map(Some),
            }
            self.disk.forget_connection();
        }
        Err(failed)
    }

    /// The page goes on in its memory, with what it holds.
    pub(super) async fn fall_back(&self, error: &StoreError) {
        if self.shared.is_in_memory.replace(true) {
            return;
        }
        let holder = self.shared.holder.borrow().clone();
        if let Some(held) = holder.map(|holder| holder()) {
            self.shared.memory.take_over(held.writes, held.rows);
            for (name, text) in held.notes {
                sure(self.shared.memory.set_note(name, Some(&text)).await);
            }
        }
        self.disk.forget_connection();
        self.shared.stands(StorageState::in_memory(error));
        (self.shared.hear)(StorageNews::Moved);
    }

    /// Moves what the memory holds to the disk, if that works again and belongs to the same user. Says whether it did.
    pub async fn try_to_return(&self) -> Result<bool, StoreError> {
        let _turn = self.shared.returning.lock().await;
        if !self.is_in_memory() {
            return Ok(true);
        }
        let (here, there) = (memory::session(&self.shared.memory).await, self.disk.session().await?);
        let is_theirs = match (&here, &there) {
            (Some(here), Some(there)) => here.user.id == there.user.id,
            (None, _) | (_, None) => true,
        };
        if !is_theirs {
            return Ok(false);
        }
        // Whose session ended meanwhile may have left in another tab: only those who are signed in bring it along.
        if let Some(here) = here.filter(|here| there.is_some() || !here.has_ended) {
            self.disk.begin_session(&here, None).await?;
        }
        let persisted = persistence::is_persisted().await;
        loop {
            let held = memory::holdings(&self.shared.memory).await;
            self.disk.restore(&held).await?;
            // Whatever was tapped meanwhile lies in memory too.
            if memory::holdings(&self.shared.memory).await.writes == held.writes {
                break;
            }
        }
        self.shared.memory.clear();
        self.shared.is_in_memory.set(false);
        self.shared.stands(StorageState::Persistent { persisted });
        (self.shared.hear)(StorageNews::Moved);
        Ok(true)
    }
}
