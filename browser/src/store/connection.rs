//! The connection to the database: opened once, opened again when the browser takes it away, given up when the
//! database changes its form under it.
//!
//! A connection that ignores `versionchange` blocks the newer app of another tab for ever, so this one closes.
//!
//! A browser may clear the app's data while the app is open. The database that is then opened is another one, and empty: it is known
//! by its birth (a note that each database gets once), and gets back what the page still holds before anybody reads from it.
//!
//! **Invariant:** work is repeated only when its transaction could not even begin, so nothing happens twice; a database that is not
//! the one that was opened first is never taken for it.

use super::{
    error::StoreError,
    opening,
    recovery::{self, Holdings},
};
use futures::{
    future::{AbortHandle, abortable},
    lock::Mutex,
};
use indexed_db_futures::{
    Build,
    database::{Database, VersionChangeEvent},
    internals::SystemRepr,
    transaction::{Transaction, TransactionDurability, TransactionMode, TransactionOptions},
};
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};
use wasm_bindgen_futures::spawn_local;

/// A shared connection.
#[derive(Clone)]
pub struct Connection(Rc<Shared>);

struct Shared {
    name: String,
    open: RefCell<Option<Open>>,
    /// One opens, the others wait for it.
    opening: Mutex<()>,
    ended: Cell<Option<Ended>>,
    /// Of the database that was opened first.
    birth: RefCell<Option<String>>,
    holder: RefCell<Option<Holder>>,
    listeners: RefCell<Vec<Listener>>,
    /// The last number of a write that was seen here.
    last_seq: Cell<Option<u64>>,
}

type Listener = Rc<dyn Fn(Happening)>;
/// Says what its page holds of the store.
type Holder = Rc<dyn Fn() -> Holdings>;

struct Open {
    database: Database,
    watch: AbortHandle,
}

#[derive(Clone, Copy)]
enum Ended {
    Closed,
    Superseded,
}

/// What becomes of the database under its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Another tab holds it open in an older form: opening waits for that tab.
    Blocked,
    /// It is open.
    Opened,
    /// The browser has closed it; the next use opens it again.
    Lost,
    /// The browser had cleared it. What the page held is stored again: so many unsent writes that would have gone with it.
    Cleared {
        /// Those that were not there any more.
        restored: usize,
    },
    /// A newer version of the app, in another tab, has changed its form.
    Superseded,
}

/// What a transaction may do, and when it counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads.
    Read,
    /// Writes; done when the operating system has it. Good for what the server has too.
    Write,
    /// Writes; done when the disk has it. For what exists nowhere else.
    WriteDurably,
}

impl Connection {
    /// A connection to the database of this name, which its first use opens.
    pub fn new(name: &str) -> Self {
        Self(Rc::new(Shared {
            name: name.to_owned(),
            open: RefCell::default(),
            opening: Mutex::default(),
            ended: Cell::new(None),
            birth: RefCell::default(),
            holder: RefCell::default(),
            listeners: RefCell::default(),
            last_seq: Cell::new(None),
        }))
    }

    /// Opens it now.
    pub async fn open(&self) -> Result<(), StoreError> {
        self.database().await.map(drop)
    }

    /// The last number of a write that was seen here; another tab may have given one since.
    pub fn last_seq(&self) -> Option<u64> {
        self.0.last_seq.get()
    }

    /// A number was given.
    pub fn note_seq(&self, seq: u64) {
        self.0.last_seq.set(Some(seq));
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Runs `work` in one transaction over `stores`. It commits when `work` succeeds and leaves no trace when it fails.
    ///
    /// `work` must await nothing but requests of this transaction: the browser commits a transaction that has nothing to do.
    pub async fn transact<T>(
        &self,
        stores: &[&str],
        access: Access,
        work: impl AsyncFnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut reopened = false;
        loop {
            let database = self.database().await?;
            let transaction = match begin(&database, stores, access) {
                Ok(transaction) => transaction,
                Err(StoreError::Lost) if !reopened => {
                    reopened = true;
                    self.0.forget();
                    continue;
                }
                Err(error) => return Err(error),
            };
            let (raw, birth) = (transaction.as_sys().clone(), self.0.birth.borrow().clone());
            let done = work(&transaction).await.map_err(|error| cause(&raw, error))?;
            transaction.commit().await.map_err(|error| cause(&raw, error.into()))?;
            if access == Access::WriteDurably && *self.0.birth.borrow() != birth {
                // It was stored in a database that the browser has cleared since, and the page goes on with another one.
                return Err(StoreError::Lost);
            }
            return Ok(done);
        }
    }

    /// Stores again what is held elsewhere; see [`recovery`].
    pub async fn restore(&self, held: &Holdings) -> Result<(), StoreError> {
        let database = self.database().await?;
        recovery::restore(&database, held).await.map(drop)
    }

    /// Calls `hear` with what becomes of the database.
    pub fn on_happening(&self, hear: impl Fn(Happening) + 'static) {
        self.0.listeners.borrow_mut().push(Rc::new(hear));
    }

    /// Asks `holder` for what is to be stored again, should the browser clear the database while it is open.
    pub fn held_by(&self, holder: impl Fn() -> Holdings + 'static) {
        *self.0.holder.borrow_mut() = Some(Rc::new(holder));
    }

    /// Closes it; the next use opens it again.
    pub fn forget(&self) {
        self.0.forget();
    }

    /// Closes it for good. Transactions that run are finished.
    pub fn close(&self) {
        self.0.end(Ended::Closed);
    }

    async fn database(&self) -> Result<Database, StoreError> {
        self.0.demand_not_ended()?;
        if let Some(open) = &*self.0.open.borrow() {
            return Ok(open.database.clone());
        }
        let _turn = self.0.opening.lock().await;
        self.0.demand_not_ended()?;
        if let Some(open) = &*self.0.open.borrow() {
            return Ok(open.database.clone());
        }
        let shared = Rc::downgrade(&self.0);
        let database = opening::open(&self.0.name, move || tell(&shared, Happening::Blocked)).await?;
        // The watch begins before anything is awaited: an upgrade of another tab must not wait for what follows.
        let watch = self.0.watch(&database);
        if let Err(error) = self.0.recognise(&database).await {
            watch.abort();
            database.close();
            return Err(error);
        }
        if let Err(ended) = self.0.demand_not_ended() {
            watch.abort();
            database.close();
            return Err(ended);
        }
        *self.0.open.borrow_mut() = Some(Open {
            database: database.clone(),
            watch,
        });
        Ok(database)
    }
}

impl Shared {
    fn demand_not_ended(&self) -> Result<(), StoreError> {
        match self.ended.get() {
            Some(Ended::Closed) => Err(StoreError::Closed),
            Some(Ended::Superseded) => Err(StoreError::Superseded),
            None => Ok(()),
        }
    }

    /// Whether this is the database that it was; where it is not, it gets what the page holds.
    async fn recognise(&self, database: &Database) -> Result<(), StoreError> {
        let (known, holder) = (self.birth.borrow().clone(), self.holder.borrow().clone());
        let found = recovery::birth(database).await?;
        let (birth, restored) = match (known, found, holder) {
            (None, Some(found), _) => (found, None),
            (Some(known), Some(found), _) if known == found => (found, None),
            (Some(_), _, Some(holder)) => {
                let (birth, restored) = recovery::restore(database, &holder()).await?;
                (birth, Some(restored))
            }
            (_, _, _) => (recovery::restore(database, &Holdings::default()).await?.0, None),
        };
        *self.birth.borrow_mut() = Some(birth);
        self.tell(Happening::Opened);
        if let Some(restored) = restored {
            self.tell(Happening::Cleared { restored });
        }
        Ok(())
    }

    fn watch(self: &Rc<Self>, database: &Database) -> AbortHandle {
        let (watch, handle) = abortable(watch(database.clone(), Rc::downgrade(self)));
        spawn_local(async move {
            // Aborted means that the connection was closed by ourselves.
            let _ = watch.await;
        });
        handle
    }

    fn forget(&self) {
        if let Some(open) = self.open.borrow_mut().take() {
            open.watch.abort();
            open.database.close();
        }
    }

    fn end(&self, how: Ended) {
        self.ended.set(Some(how));
        self.forget();
    }

    fn tell(&self, happening: Happening) {
        let listeners = self.listeners.borrow().clone();
        for hear in listeners {
            hear(happening);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Dropping a database does not close it, and an open one blocks upgrades.
        self.forget();
    }
}

/// A transaction that was aborted (because the disk is full, say) knows better why than the request that failed with it.
fn cause(transaction: &web_sys::IdbTransaction, error: StoreError) -> StoreError {
    transaction.error().map_or(error, |exception| StoreError::of_exception(&exception))
}

fn tell(shared: &Weak<Shared>, happening: Happening) {
    if let Some(shared) = shared.upgrade() {
        shared.tell(happening);
    }
}

/// Waits for what the browser has to say about the connection.
async fn watch(database: Database, shared: Weak<Shared>) {
    let Ok(mut events) = database.version_changes() else { return };
    let event: Option<VersionChangeEvent> = events.recv().await;
    // Whoever wants the database in another form, or gone, waits for this.
    database.close();
    let Some(shared) = shared.upgrade() else { return };
    // A new version that is none means that the database is being deleted.
    if event.is_some_and(|event| event.new_version().is_some()) {
        shared.end(Ended::Superseded);
        shared.tell(Happening::Superseded);
    } else {
        shared.forget();
        shared.tell(Happening::Lost);
    }
}

/// Begins a transaction.
pub fn begin<'a>(database: &'a Database, stores: &[&str], access: Access) -> Result<Transaction<'a>, StoreError> {
    let (mode, durability) = match access {
        Access::Read => (TransactionMode::Readonly, TransactionDurability::Default),
        Access::Write => (TransactionMode::Readwrite, TransactionDurability::Relaxed),
        Access::WriteDurably => (TransactionMode::Readwrite, TransactionDurability::Strict),
    };
    let options = TransactionOptions::new().with_durability(durability);
    Ok(database.transaction(stores).with_mode(mode).with_options(options).build()?)
}
