//! Opening a PostgreSQL database, and writing to it one at a time.
//!
//! Several servers may share the database. An advisory lock, held to the end of each writing transaction, lets one of
//! them write at a time, as SQLite does by itself: positions of the log then follow commit order by construction.
//!
//! Requests may come through a pooler that gives a connection away after each transaction. So nothing here is kept in a session: locks
//! and settings are the transaction's own. Prepared statements are, as PgBouncer and Neon's pooler follow them across transactions
//! (from 1.21, by `max_prepared_statements`).
//!
//! **Invariant:** a transaction that holds [`WRITING`] sees everything that was committed before it, and nobody else commits until it ends.

use super::{cannot, migration::Migrator, news::Rings};
use crate::config::{DatabaseSettings, DatabaseUrl};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use sqlx::postgres::PgListener;
use std::{fmt, time::Duration};
use uuid::Uuid;

/// Keys of the advisory locks: “turns”, and which.
const MIGRATING: i64 = 0x7475_726e_7300_0001;
const WRITING: i64 = 0x7475_726e_7300_0002;

/// The channel on which servers tell each other that something was committed.
const BELL: &str = "turns_news";

const READERS: u32 = 16;
/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that was idle for so long is asked whether it still lives: the server may have been restarted.
const IDLE: Duration = Duration::from_secs(1);

/// Migrates over the direct address and connects writer and readers over the pooler's, where there is one.
pub(super) async fn connect(settings: &DatabaseSettings) -> anyhow::Result<(DatabaseConnection, DatabaseConnection)> {
    migrate(&settings.url).await?;
    let url = settings.pooled_url.as_ref().unwrap_or(&settings.url);
    let (writer, readers) = (open(url, 1).await?, open(url, READERS).await?);
    if settings.pooled_url.is_some() {
        let what = format!("use the pooler at {url} (it must keep prepared statements, as PgBouncer does from 1.21 with max_prepared_statements)");
        keeps_statements(&writer, &readers).await.map_err(cannot(what))?;
    }
    Ok((writer, readers))
}

/// How a pool of connections to `url` behaves.
pub(super) fn options(url: &DatabaseUrl, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.with_password());
    options
        .max_connections(connections)
        .min_connections(1)
        .sqlx_logging(false)
        .acquire_timeout(PATIENCE)
        .test_before_acquire_if_idle_for(IDLE);
    // Poolers refuse settings that they do not know, and no floating-point number is read. Dates in ISO form and UTC, which
    // the driver asks for itself, they know.
    options.map_sqlx_postgres_opts(|postgres| postgres.extra_float_digits(None).application_name("turns"));
    options
}

/// Waits until no other server writes. The transaction must see each statement's own moment (READ COMMITTED, the default): a state
/// taken before the wait would miss what was committed during it.
pub(super) async fn wait_for_turn(tx: &impl ConnectionTrait, server: ServerId) -> Result<(), DbErr> {
    // A server that hangs, or that the network has cut off, loses its turn. The ring goes out with the commit.
    let sql = format!(
        "SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '60s'; SELECT pg_advisory_xact_lock({WRITING}); NOTIFY {BELL}, '{server}'"
    );
    tx.execute_unprepared(&sql).await.map(drop)
}

/// Hears when any server has committed. It has a session of its own, so it uses the direct address: poolers pass no rings on.
pub(super) struct Bell {
    listener: PgListener,
    /// Who rings itself has told already.
    server: String,
}

/// What tells one running server from another on the same database.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerId(pub Uuid);

impl Bell {
    pub(super) async fn listen(url: &DatabaseUrl, server: ServerId) -> anyhow::Result<Self> {
        let listening = async {
            let mut listener = PgListener::connect(url.with_password()).await?;
            listener.listen(BELL).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        let listener = listening.await.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())));
        Ok(Self {
            listener: listener.map_err(cannot(format!("listen at the database {url}")))?,
            server: server.to_string(),
        })
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Rings for Bell {
    async fn ring(&mut self) {
        loop {
            match self.listener.try_recv().await {
                Ok(Some(ring)) if ring.payload() == self.server => {}
                // A connection that was lost is made anew at the next call; what was missed meanwhile is in the log.
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(%error, "the database's bell is away; the log is looked at twice a second");
                    return tokio::time::sleep(IDLE).await;
                }
            }
        }
    }
}

/// Lets two connections prepare the same statement while one of them holds on to the session that the other has just left. A pooler
/// that knows nothing of prepared statements gives the second one the first one's session, where the name is taken.
async fn keeps_statements(one: &DatabaseConnection, other: &DatabaseConnection) -> Result<(), DbErr> {
    let statement = || Statement::from_string(DbBackend::Postgres, "SELECT 'prepared'");
    one.query_one_raw(statement()).await?;
    let session = other.begin().await?;
    session.query_one_raw(statement()).await?;
    one.query_one_raw(statement()).await?;
    session.rollback().await
}

/// Servers that start together wait for the first, and then find nothing to do. The lock is a transaction's on a connection of its
/// own: migrations commit one by one.
async fn migrate(url: &DatabaseUrl) -> anyhow::Result<()> {
    let direct = open(url, 2).await?;
    let up = async {
        let lock = direct.begin().await?;
        lock.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATING})")).await?;
        Migrator::up(&direct, None).await?;
        lock.commit().await?;
        direct.close_by_ref().await
    };
    up.await.map_err(cannot(format!("bring the database {url} up to date")))
}

async fn open(url: &DatabaseUrl, connections: u32) -> anyhow::Result<DatabaseConnection> {
    let opened = Database::connect(options(url, connections)).await;
    opened.map_err(cannot(format!("connect to the database {url}")))
}
