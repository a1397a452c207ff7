//! A write transaction, with the log entries that it makes.
//!
//! A batch whose writes stand each on its own is one transaction with a savepoint per write: a hundred writes
//! then cost one flush of the disk, not a hundred, and each still has a position of its own in the log.
//!
//! **Invariant:** dropped without [`Transaction::commit`], it leaves no row, no log entry and no news.

use super::{
    changes::{self, Change, Commit, Place},
    counters,
};
use crate::problem::Result;
use domain::{Row, RowId, Table, Timestamp};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction};
use std::{ops::Deref, sync::Arc};
use tokio::sync::{OwnedMutexGuard, broadcast};

/// One turn at the writing connection. Reads and statements go through `Deref`.
pub struct Transaction {
    inner: DatabaseTransaction,
    /// Where the next change goes; none until the first one draws a position.
    next: Option<Place>,
    staged: Vec<Change>,
    commits: broadcast::Sender<Arc<Commit>>,
    /// Held until the news are out, so that they go out in commit order. Declared last: dropped last.
    _turn: OwnedMutexGuard<DatabaseConnection>,
}

/// Where a savepoint stands, to go back there.
pub struct Savepoint {
    staged: usize,
}

impl Transaction {
    pub(super) fn new(inner: DatabaseTransaction, turn: OwnedMutexGuard<DatabaseConnection>, commits: broadcast::Sender<Arc<Commit>>) -> Self {
        Self {
            inner,
            next: None,
            staged: vec![],
            commits,
            _turn: turn,
        }
    }

    /// The position in the log of what is written now; drawn at the first call.
    pub async fn position(&mut self) -> Result<i64> {
        Ok(self.place().await?.position)
    }

    /// Puts a change into the log.
    pub async fn log(&mut self, table: Table, row_id: RowId, old: Option<Row>, new: Option<Row>, at: Timestamp) -> Result<()> {
        let place = self.place().await?;
        let change = Change {
            place,
            table,
            row_id,
            old,
            new,
        };
        changes::append(&self.inner, &change, at).await?;
        self.next = Some(Place { op: place.op + 2, ..place });
        self.staged.push(change);
        Ok(())
    }

    /// Begins a part that can be taken back by itself and has its own position in the log.
    pub async fn savepoint(&mut self) -> Result<Savepoint> {
        self.inner.execute_unprepared("SAVEPOINT one_write").await?;
        self.next = None;
        Ok(Savepoint { staged: self.staged.len() })
    }

    /// Keeps the part.
    pub async fn keep(&mut self, _: Savepoint) -> Result<()> {
        self.inner.execute_unprepared("RELEASE one_write").await?;
        self.next = None;
        Ok(())
    }

    /// Takes the part back.
    pub async fn undo(&mut self, savepoint: Savepoint) -> Result<()> {
        self.inner.execute_unprepared("ROLLBACK TO one_write; RELEASE one_write").await?;
        self.staged.truncate(savepoint.staged);
        self.next = None;
        Ok(())
    }

    /// Makes everything durable, then tells the listeners.
    pub async fn commit(self) -> Result<()> {
        let Self {
            inner, staged, commits, _turn, ..
        } = self;
        inner.commit().await?;
        if !staged.is_empty() {
            // Nobody listening is no error.
            let _ = commits.send(Arc::new(Commit { changes: staged }));
        }
        Ok(())
    }

    async fn place(&mut self) -> Result<Place> {
        if let Some(place) = self.next {
            return Ok(place);
        }
        let position = counters::draw(&self.inner, counters::CHANGE_POSITION).await?;
        let place = Place { position, op: 0 };
        self.next = Some(place);
        Ok(place)
    }
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;
    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}
