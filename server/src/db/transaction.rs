//! One turn at writing.
//!
//! What stands beside the synced tables (accounts, sessions, counters) is written through it directly; synced rows are
//! written through a [`super::Unit`], which adds their log.
//!
//! **Invariant:** dropped without a commit, it leaves nothing; news go out after the commit and in commit order.

use super::{
    changes::{self, Change, Commit},
    counters,
    entity::change,
    news::News,
};
use crate::{clock, problem::Result};
use domain::UserId;
use sea_orm::{DatabaseConnection, DatabaseTransaction, EntityTrait, IntoActiveModel};
use std::{
    ops::Deref,
    sync::{Mutex, PoisonError},
    time::Instant,
};
use tokio::sync::OwnedMutexGuard;

/// A write transaction. Reads and statements go through `Deref`.
pub struct Transaction {
    inner: DatabaseTransaction,
    news: News,
    people: Mutex<Vec<UserId>>,
    /// Held until the news are out, so that they go out in commit order. Declared last: dropped last.
    _turn: OwnedMutexGuard<DatabaseConnection>,
}

impl Transaction {
    pub(super) fn new(inner: DatabaseTransaction, turn: OwnedMutexGuard<DatabaseConnection>, news: News) -> Self {
        Self {
            inner,
            news,
            people: Mutex::default(),
            _turn: turn,
        }
    }

    /// Notes that a person's account or sessions are not what they were: once it is committed, whatever knows or waits on
    /// their behalf, on any server, looks them up again.
    pub fn person_changed(&self, user: UserId) {
        self.people.lock().unwrap_or_else(PoisonError::into_inner).push(user);
    }

    /// Makes everything durable.
    pub async fn commit(self) -> Result<()> {
        self.commit_with(vec![]).await
    }

    /// Makes everything durable, then tells the listeners of these changes.
    pub(super) async fn commit_with(self, changes: Vec<Change>) -> Result<()> {
        let Self { inner, news, people, _turn } = self;
        let people = people.into_inner().unwrap_or_else(PoisonError::into_inner);
        let of_people = write_people(&inner, &people).await?;
        inner.commit().await?;
        let first = changes.first().map(|change| change.place.position);
        let last = changes.last().map(|change| change.place.position);
        if let (Some(first), Some(last)) = (first.or(of_people), of_people.or(last)) {
            news.tell(Commit {
                after: first - 1,
                until: last,
                changes,
                people,
                is_whole: true,
                at: Instant::now(),
            });
        }
        Ok(())
    }
}

/// Writes into the log whose accounts or sessions have changed; gives the position, where there are such people.
async fn write_people(tx: &DatabaseTransaction, people: &[UserId]) -> Result<Option<i64>> {
    if people.is_empty() {
        return Ok(None);
    }
    let position = counters::current(tx, counters::CHANGE_POSITION).await? + 1;
    let entries = changes::of_people(people, position, clock::now());
    let entries = entries.into_iter().map(IntoActiveModel::into_active_model);
    change::Entity::insert_many(entries).exec_without_returning(tx).await?;
    counters::set(tx, counters::CHANGE_POSITION, position).await?;
    Ok(Some(position))
}

impl Deref for Transaction {
    type Target = DatabaseTransaction;
    fn deref(&self) -> &DatabaseTransaction {
        &self.inner
    }
}
