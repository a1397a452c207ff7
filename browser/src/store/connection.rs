//! The connection to the database: opened once, opened again when the browser takes it away, given up when the
//! database changes its form under it.
//!
//! A connection that ignores `versionchange` blocks the newer app of another tab for ever, so this one closes.
//!
//! **Invariant:** work is repeated only when its transaction could not even begin, so nothing happens twice.

use super::{error::StoreError, layout};
use futures::future::{AbortHandle, abortable};
use indexed_db_futures::{
    Build,
    database::{Database, VersionChangeEvent},
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
    ended: Cell<Option<Ended>>,
    on_superseded: RefCell<Vec<Box<dyn Fn()>>>,
}

struct Open {
    database: Database,
    watch: AbortHandle,
}

#[derive(Clone, Copy)]
enum Ended {
    Closed,
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
    /// Opens the database of this name.
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        let connection = Self(Rc::new(Shared {
            name: name.to_owned(),
            open: RefCell::default(),
            ended: Cell::new(None),
            on_superseded: RefCell::default(),
        }));
        connection.database().await?;
        Ok(connection)
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
            let done = work(&transaction).await?;
            transaction.commit().await?;
            return Ok(done);
        }
    }

    /// Calls `tell` when the connection had to give way to a newer version of the app.
    pub fn on_superseded(&self, tell: impl Fn() + 'static) {
        self.0.on_superseded.borrow_mut().push(Box::new(tell));
    }

    /// Closes it for good. Transactions that run are finished.
    pub fn close(&self) {
        self.0.end(Ended::Closed);
    }

    async fn database(&self) -> Result<Database, StoreError> {
        match self.0.ended.get() {
            Some(Ended::Closed) => return Err(StoreError::Closed),
            Some(Ended::Superseded) => return Err(StoreError::Superseded),
            None => {}
        }
        if let Some(open) = &*self.0.open.borrow() {
            return Ok(open.database.clone());
        }
        let database = Database::open(self.0.name.as_str())
            .with_version(layout::VERSION)
            .with_on_upgrade_needed(layout::upgrade)
            .await?;
        Ok(self.0.adopt(database))
    }
}

impl Shared {
    /// Two calls may have opened one each: the first stays.
    fn adopt(self: &Rc<Self>, database: Database) -> Database {
        if let Some(open) = &*self.open.borrow() {
            database.close();
            return open.database.clone();
        }
        let (watch, handle) = abortable(watch(database.clone(), Rc::downgrade(self)));
        spawn_local(async move {
            // Aborted means that the connection was closed by ourselves.
            let _ = watch.await;
        });
        *self.open.borrow_mut() = Some(Open {
            database: database.clone(),
            watch: handle,
        });
        database
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
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Dropping a database does not close it, and an open one blocks upgrades.
        self.forget();
    }
}

/// Waits for what the browser has to say about the connection.
async fn watch(database: Database, shared: Weak<Shared>) {
    let Ok(mut events) = database.version_changes() else { return };
    let event: Option<VersionChangeEvent> = events.recv().await;
    let Some(shared) = shared.upgrade() else { return };
    if event.is_none() {
        return shared.forget();
    }
    shared.end(Ended::Superseded);
    for tell in &*shared.on_superseded.borrow() {
        tell();
    }
}

fn begin<'a>(database: &'a Database, stores: &[&str], access: Access) -> Result<Transaction<'a>, StoreError> {
    let (mode, durability) = match access {
        Access::Read => (TransactionMode::Readonly, TransactionDurability::Default),
        Access::Write => (TransactionMode::Readwrite, TransactionDurability::Relaxed),
        Access::WriteDurably => (TransactionMode::Readwrite, TransactionDurability::Strict),
    };
    let options = TransactionOptions::new().with_durability(durability);
    Ok(database.transaction(stores).with_mode(mode).with_options(options).build()?)
}
