//! One turn at writing.
//!
//! What stands beside the synced tables (accounts, sessions, counters) is written through it directly; synced rows are
//! written through a [`super::Unit`], which adds their log.
//!
//! **Invariant:** dropped without a commit, it leaves nothing; news go out after the commit and in commit order.

use super::changes::{Change, Commit};
use crate::problem::Result;
use sea_orm::{DatabaseConnection, DatabaseTransaction};
use std::{ops::Deref, sync::Arc, time::Instant};
use tokio::sync::{OwnedMutexGuard, broadcast};

/// A write transaction. Reads and statements go through `Deref`.
pub struct Transaction {
    inner: DatabaseTransaction,
    commits: broadcast::Sender<Arc<Commit>>,
    /// Held until the news are out, so that they go out in commit order. Declared last: dropped last.
    _turn: OwnedMutexGuard<DatabaseConnection>,
}

impl Transaction {
    pub(super) fn new(inner: DatabaseTransaction, turn: OwnedMutexGuard<DatabaseConnection>, commits: broadcast::Sender<Arc<Commit>>) -> Self {
        Self { inner, commits, _turn: turn }
    }

    /// Makes everything durable.
    pub async fn commit(self) -> Result<()> {
        self.commit_with(vec![]).await
    }

    /// Makes everything durable, then tells the listeners of these changes.
    pub(super) async fn commit_with(self, changes: Vec<Change>) -> Result<()> {
        let Self { inner, commits, _turn } = self;
        inner.commit().await?;
        if !changes.is_empty() {
            let at = Instant::now();
            // Nobody listening is no error.
            let _ = commits.send(Arc::new(Commit { changes, at }));
        }
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;
    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}
