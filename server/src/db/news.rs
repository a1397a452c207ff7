//! News: what was committed, by this server or another program on the same database, told in the order of the log.
//!
//! This server's own commits are told at once. Those of others are read from the log when PostgreSQL rings, and twice a second
//! on any database, so that a lost ring, an import or a command on the command line is heard of too.
//!
//! **Invariant:** each stretch of the log is told once, after the one before it; nobody is told of what is not committed.

use super::{
    changes::{self, Commit},
    counters,
    people::People,
};
use crate::problem::Result;
use sea_orm::ConnectionTrait;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, broadcast};

/// How many commits a listener may fall behind before it is told that it missed some.
const COMMITS_REMEMBERED: usize = 1_024;
/// How much of other programs' doing is told change by change.
const MOST_AT_ONCE: usize = 2_000;
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Tells of commits. Cheap to clone.
#[derive(Clone)]
pub(super) struct News(Arc<Told>);

struct Told {
    /// Everything up to this position has been told.
    until: Mutex<i64>,
    commits: broadcast::Sender<Arc<Commit>>,
    people: People,
    /// There is more in the log than was told.
    behind: Notify,
}

impl News {
    /// Tells of what comes after a position.
    pub fn after(position: i64) -> Self {
        let (commits, _) = broadcast::channel(COMMITS_REMEMBERED);
        Self(Arc::new(Told {
            until: Mutex::new(position),
            commits,
            people: People::default(),
            behind: Notify::new(),
        }))
    }

    /// Hears of every commit from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.0.commits.subscribe()
    }

    /// Whose accounts and sessions have changed.
    pub fn people(&self) -> &People {
        &self.0.people
    }

    /// Everything up to here has been told.
    pub fn told_until(&self) -> i64 {
        *self.until()
    }

    /// Tells of a commit of this server's.
    pub fn tell(&self, commit: Commit) {
        // Whoever has just been signed out is so from now on, even where the news must wait for others'.
        self.0.people.changed(&commit.people);
        let mut until = self.until();
        if commit.after == *until {
            self.send(&mut until, commit);
        } else if commit.until > *until {
            self.0.behind.notify_one();
        }
    }

    /// Follows other programs' commits for as long as the server runs; `rings` completes when there may be some.
    pub async fn follow(self, db: impl ConnectionTrait, mut rings: impl Rings) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.0.behind.notified() => {}
                () = rings.ring() => {}
                _ = ticks.tick() => {}
            }
            if let Err(error) = self.catch_up(&db).await {
                tracing::warn!(%error, "the change log could not be read; other servers' news wait");
            }
        }
    }

    async fn catch_up(&self, db: &impl ConnectionTrait) -> Result<()> {
        let after = self.told_until();
        let end = counters::current(db, counters::CHANGE_POSITION).await?;
        if end <= after {
            return Ok(());
        }
        let mut commit = changes::everything_after(db, after, end, MOST_AT_ONCE).await?;
        // Asked after reading: where the log's beginning has passed us by, who knows what stood there.
        commit.is_whole &= counters::current(db, counters::CHANGES_TRIMMED_TO).await? <= after;
        let mut until = self.until();
        if *until == after {
            self.0.people.changed(&commit.people);
            self.send(&mut until, commit);
        } else {
            // This server committed meanwhile: what is left is read again from there.
            self.0.behind.notify_one();
        }
        Ok(())
    }

    fn send(&self, until: &mut i64, commit: Commit) {
        *until = commit.until;
        if !commit.is_whole {
            self.0.people.all_changed();
        }
        // Nobody listening is no error.
        let _ = self.0.commits.send(Arc::new(commit));
    }

    fn until(&self) -> MutexGuard<'_, i64> {
        self.0.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says when another program may have committed.
pub(super) trait Rings: Send {
    /// Completes at the next ring. Dropped before, it has lost none.
    fn ring(&mut self) -> impl Future<Output = ()> + Send;
}

/// Nobody rings: SQLite's files have no bell.
pub(super) struct Silence;

impl Rings for Silence {
    async fn ring(&mut self) {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{DatabaseSettings, DatabaseUrl},
        db::{Db, entity::change},
    };
    use domain::{Timestamp, UserId};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

    #[tokio::test]
    async fn what_was_trimmed_before_it_was_read_is_told_as_missing() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("t.db").display());
        let db = Db::open(&DatabaseSettings::only(DatabaseUrl::read("DATABASE_URL", url).unwrap()))
            .await
            .unwrap();
        let tx = db.write().await.unwrap();
        let entries = (1..=3).flat_map(|position| changes::of_people(&[UserId(uuid::Uuid::nil())], position, Timestamp::from_micros(0)));
        change::Entity::insert_many(entries.map(sea_orm::IntoActiveModel::into_active_model))
            .exec(&*tx)
            .await
            .unwrap();
        change::Entity::delete_many().filter(change::Column::Position.lte(2)).exec(&*tx).await.unwrap();
        counters::set(&*tx, counters::CHANGE_POSITION, 3).await.unwrap();
        counters::set(&*tx, counters::CHANGES_TRIMMED_TO, 2).await.unwrap();
        tx.commit().await.unwrap();
        for (told_until, is_whole) in [(0, false), (1, false), (2, true)] {
            let news = News::after(told_until);
            let mut heard = news.listen();
            news.catch_up(db.readers()).await.unwrap();
            assert_eq!(heard.recv().await.unwrap().is_whole, is_whole, "after {told_until}");
        }
    }
}
