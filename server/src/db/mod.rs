//! The database: many readers, one writer, and the log of what was committed.
//!
//! SQLite allows one writer at a time. Instead of letting writers collide (`SQLITE_BUSY`), all of them queue for
//! the one connection that writes; readers have a pool of their own and always see a committed state.
//! PostgreSQL, later, changes [`codec`] (how values are bound) and the drawing of positions in [`transaction`].
//!
//! **Invariant:** a committed change is published to listeners after its commit and in the order of the log.

pub mod changes;
pub mod codec;
pub mod counters;
pub mod entity;
pub mod migration;
mod open;
pub mod rows;
pub mod transaction;
pub mod unit;

pub use changes::{Change, Commit};
pub use transaction::Transaction;
pub use unit::Unit;

use crate::problem::Result;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use std::sync::Arc;
use tokio::sync::{Mutex, broadcast};

/// How many commits a listener may fall behind before it is told that it missed some.
const COMMITS_REMEMBERED: usize = 1_024;

/// One database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    readers: DatabaseConnection,
    writer: Arc<Mutex<DatabaseConnection>>,
    commits: broadcast::Sender<Arc<Commit>>,
    epoch: Arc<str>,
}

impl Db {
    /// Opens (and makes, where it is new) the database and brings its schema up to date.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let (writer, readers) = open::connect(url).await?;
        let epoch = open::epoch(&readers).await?;
        let (commits, _) = broadcast::channel(COMMITS_REMEMBERED);
        Ok(Self {
            readers,
            writer: Arc::new(Mutex::new(writer)),
            commits,
            epoch: epoch.into(),
        })
    }

    /// Connections for reading. What is written through them would miss the log.
    pub fn readers(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// A view of one moment: everything read through it comes from the same state.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction> {
        Ok(self.readers.begin().await?)
    }

    /// Waits for its turn and begins to write.
    pub async fn write(&self) -> Result<Transaction> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = writer.begin_with_options(options).await?;
        Ok(Transaction::new(inner, writer, self.commits.clone()))
    }

    /// Waits for its turn and begins a unit of work on the synced tables.
    pub async fn unit(&self) -> Result<Unit> {
        Ok(Unit::new(self.write().await?))
    }

    /// Tells of every commit from now on.
    pub fn commits(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.commits.subscribe()
    }

    /// What tells this database from any other, and from itself before a restore.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Waits for the running write, moves the write-ahead log into the file and closes it.
    pub async fn close(self) {
        let writer = self.writer.lock().await;
        if let Err(error) = writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await {
            tracing::warn!(%error, "the write-ahead log stays beside the database file; nothing is lost");
        }
        for connection in [self.readers, writer.clone()] {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a database connection did not close");
            }
        }
    }
}
