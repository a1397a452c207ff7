//! The standby of the PostgreSQL that the tests run on, for one test at a time: what is paused is paused for all databases.

use super::{TestDatabase, number};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use server::config::DatabaseUrl;
use tokio::sync::{Mutex, MutexGuard};

pub struct Standby {
    url: DatabaseUrl,
    _alone: MutexGuard<'static, ()>,
}

impl Standby {
    /// Waits until the standby has the database; none on SQLite.
    pub async fn of(database: &TestDatabase) -> Option<Self> {
        static ALONE: Mutex<()> = Mutex::const_new(());
        let url = database.replica_url()?;
        let standby = Self {
            url,
            _alone: ALONE.lock().await,
        };
        // A test that failed may have left it paused.
        standby.resume().await;
        standby.catch_up(database).await;
        Some(standby)
    }

    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// From now on it shows what it has.
    pub async fn pause(&self) {
        self.execute("SELECT pg_wal_replay_pause()").await;
        while number(
            &self.connect().await,
            "SELECT CASE pg_get_wal_replay_pause_state() WHEN 'paused' THEN 1 ELSE 0 END",
        )
        .await
            == 0
        {
            tokio::task::yield_now().await;
        }
    }

    pub async fn resume(&self) {
        self.execute("SELECT pg_wal_replay_resume()").await;
    }

    /// Waits until it has everything that the primary has now.
    pub async fn catch_up(&self, database: &TestDatabase) {
        let end = database.number("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn").await;
        while number(&self.connect().await, "SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn").await < end {
            tokio::task::yield_now().await;
        }
    }

    async fn execute(&self, sql: &str) {
        self.connect().await.execute_unprepared(sql).await.unwrap();
    }

    /// Any database will do.
    async fn connect(&self) -> DatabaseConnection {
        Database::connect(std::env::var("TURNS_TEST_REPLICA_URL").unwrap()).await.unwrap()
    }
}
