//! The device's storage, wherever it lies at the moment: on the disk, or in memory where the browser gives nothing better.
//!
//! What fails is tried again on a new connection; when that does not help, the page goes on in its memory with all that it holds, says so,
//! and goes back to the disk as soon as it can. The database itself is never deleted: it may hold what was not sent.
//!
//! **Invariant:** nothing that the page holds is lost on the way between disk and memory, and nobody else's is touched.

mod contents;
mod moving;
mod photos;

use super::{Happening, Holdings, IdbStore, StorageState, StoreError};
use crate::persistence;
use domain::{Table, UserId};
use futures::{
    channel::oneshot,
    future::{Either, select},
    lock::Mutex,
};
use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
};
use sync::store::memory::MemoryStore;

/// See the module. Clones are the same storage.
#[derive(Clone)]
pub struct DeviceStore {
    disk: IdbStore,
    owner: Option<UserId>,
    shared: Rc<Shared>,
}

struct Shared {
    memory: MemoryStore,
    is_in_memory: Cell<bool>,
    /// A worker has nobody to warn, and nothing that the disk does not have.
    may_use_memory: bool,
    state: RefCell<StorageState>,
    holder: RefCell<Option<Rc<dyn Fn() -> Holdings>>>,
    returning: Mutex<()>,
    hear: Box<dyn Fn(StorageNews)>,
}

/// What a page should know of its storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageNews {
    /// It stands differently.
    Stands(StorageState),
    /// The browser had closed or cleared the database: look at it again.
    Lost,
    /// The browser had cleared the database. So many unsent writes are stored again; rows come again.
    Cleared {
        /// How many.
        restored: usize,
    },
    /// It has moved between disk and memory: rows come again.
    Moved,
}

impl DeviceStore {
    /// Opens the database of this name; without one, the memory. Fails only for a database of a newer version of the app.
    pub async fn open(name: &str, hear: impl Fn(StorageNews) + 'static) -> Result<Self, StoreError> {
        let store = Self::new(name, true, hear);
        match store.try_on_disk(async |disk, _| disk.reopen().await).await {
            Ok(_) => {
                let persisted = persistence::is_persisted().await;
                store.shared.stands(StorageState::Persistent { persisted });
            }
            Err(error @ StoreError::Superseded) => return Err(error),
            Err(error) => store.fall_back(&error).await,
        }
        Ok(store)
    }

    /// Opens the database of this name, and nothing else: for the worker. It does not wait for a tab that holds an older one: a browser
    /// stops a worker that waits for long.
    pub async fn open_on_disk(name: &str) -> Result<Self, StoreError> {
        let (tell, told) = oneshot::channel();
        let tell = Cell::new(Some(tell));
        let store = Self::new(name, false, move |news| {
            if let (StorageNews::Stands(StorageState::Blocked), Some(tell)) = (news, tell.take()) {
                // Fails only when it is open by now.
                let _ = tell.send(());
            }
        });
        let opening = pin!(store.try_on_disk(async |disk, _| disk.reopen().await));
        match select(opening, told).await {
            Either::Left((opened, _)) => opened.map(|_| store.clone()),
            Either::Right(_) => Err(StoreError::Blocked),
        }
    }

    fn new(name: &str, may_use_memory: bool, hear: impl Fn(StorageNews) + 'static) -> Self {
        let shared = Rc::new(Shared {
            memory: MemoryStore::default(),
            is_in_memory: Cell::new(false),
            may_use_memory,
            state: RefCell::new(StorageState::Persistent { persisted: false }),
            holder: RefCell::default(),
            returning: Mutex::default(),
            hear: Box::new(hear),
        });
        let disk = IdbStore::new(name);
        let listening = Rc::downgrade(&shared);
        disk.on_happening(move |happening| {
            if let Some(shared) = listening.upgrade() {
                shared.happened(happening);
            }
        });
        Self { disk, owner: None, shared }
    }

    /// How it stands.
    pub fn state(&self) -> StorageState {
        self.shared.state.borrow().clone()
    }

    /// Whether it is this page's alone.
    pub fn is_in_memory(&self) -> bool {
        self.shared.is_in_memory.get()
    }

    /// Asks `holder` for what the page holds, should the storage go away under it.
    pub fn held_by(&self, holder: impl Fn() -> Holdings + Clone + 'static) {
        self.disk.held_by(holder.clone());
        *self.shared.holder.borrow_mut() = Some(Rc::new(holder));
    }

    /// See [`IdbStore::on_behalf_of`]. What lies in memory is its page's own to read.
    pub fn on_behalf_of(&self, owner: UserId) -> Self {
        Self {
            disk: self.disk.on_behalf_of(owner),
            owner: Some(owner),
            shared: self.shared.clone(),
        }
    }

    /// The database on the disk, where the storage lies there.
    pub fn disk(&self) -> Option<&IdbStore> {
        (!self.is_in_memory()).then_some(&self.disk)
    }

    /// Notes that the browser has promised, or refused, not to clear it.
    pub fn note_persisted(&self, persisted: bool) {
        if self.state() == (StorageState::Persistent { persisted: !persisted }) {
            self.shared.stands(StorageState::Persistent { persisted });
        }
    }

    /// Opens the database again, if it was closed under us.
    pub async fn look_again(&self) -> Result<(), StoreError> {
        self.on_disk(async |disk, _| disk.reopen().await).await.map(drop)
    }

    /// See [`IdbStore::fold`]. There is nothing to fold in memory, and nothing is lost by not folding.
    pub async fn fold(&self, table: Table) -> bool {
        match self.disk() {
            Some(disk) => disk.fold(table).await.unwrap_or(false),
            None => false,
        }
    }

    /// Closes the connections of all clones.
    pub fn close(&self) {
        self.disk.close();
    }
}

impl Shared {
    fn stands(&self, state: StorageState) {
        if self.state.replace(state.clone()) != state {
            (self.hear)(StorageNews::Stands(state));
        }
    }

    fn note_full(&self) {
        let persisted = matches!(*self.state.borrow(), StorageState::Persistent { persisted: true });
        self.stands(StorageState::Full { persisted });
    }

    fn note_room(&self) {
        let state = self.state.borrow().clone();
        if let StorageState::Full { persisted } = state {
            self.stands(StorageState::Persistent { persisted });
        }
    }

    fn happened(&self, happening: Happening) {
        match happening {
            Happening::Blocked => self.stands(StorageState::Blocked),
            Happening::Opened if *self.state.borrow() == StorageState::Blocked => self.stands(StorageState::Persistent { persisted: false }),
            Happening::Opened => {}
            Happening::Superseded => self.stands(StorageState::Superseded),
            Happening::Lost => (self.hear)(StorageNews::Lost),
            Happening::Cleared { restored } => (self.hear)(StorageNews::Cleared { restored }),
        }
    }
}
