//! The database: many readers, one writer, and the log of what was committed.
//!
//! SQLite allows one writer at a time. Instead of letting writers collide (`SQLITE_BUSY`), all of them queue for
//! the one connection that writes; readers have a pool of their own and always see a committed state. On PostgreSQL it is the
//! same, and writers of other servers queue too ([`postgres`]). What differs beside that: how values are bound ([`codec`]).
//!
//! News of commits, this server's and others', come in at [`Db::commits`] ([`news`]).
//!
//! **Invariant:** a committed change is published to listeners after its commit and in the order of the log.

pub mod changes;
pub mod codec;
pub mod counters;
pub mod entity;
mod fault;
mod lag;
mod load;
pub mod migration;
mod news;
pub mod people;
mod postgres;
mod replica;
pub mod rows;
mod sqlite;
pub mod transaction;
pub mod unit;

pub use changes::{Change, Commit};
pub use fault::Fault;
pub use load::{Load, Target};
pub use people::People;
pub use replica::ReplicaStatus;
pub use transaction::Transaction;
pub use unit::Unit;

use crate::{
    config::{DatabaseKind, DatabaseSettings},
    ids,
    problem::Result,
};
use anyhow::{Error, anyhow};
use entity::meta;
use load::Statements;
use news::{News, Silence};
use postgres::ServerId;
use replica::Replica;
use sea_orm::{
    AccessMode, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, IsolationLevel, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use std::sync::Arc;
use tokio::{
    sync::{Mutex, broadcast, watch},
    task::JoinHandle,
};

/// One database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    kind: DatabaseKind,
    server: ServerId,
    readers: DatabaseConnection,
    writer: Arc<Mutex<DatabaseConnection>>,
    replica: Option<Arc<Replica>>,
    /// Folds SQLite's log into the file beside the writer.
    folder: Option<DatabaseConnection>,
    /// A clone of the writer, only to be looked at, and the statements of writer and readers.
    primary: (DatabaseConnection, Statements),
    news: News,
    /// Reads other programs' commits from the log.
    following: Arc<Mutex<Option<JoinHandle<()>>>>,
    epoch: Arc<str>,
}

impl Db {
    /// Opens (and makes, where it is a new file) the database and brings its schema up to date.
    pub async fn open(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        let kind = settings.url.kind();
        let (mut writer, mut readers) = match kind {
            DatabaseKind::Sqlite => sqlite::connect(&settings.url).await?,
            DatabaseKind::Postgres => postgres::connect(settings).await?,
        };
        let statements = Statements::default();
        statements.count(&mut writer);
        statements.count(&mut readers);
        let epoch = meta::Entity::find_by_id("epoch").one(&readers).await?;
        let epoch = epoch.ok_or_else(|| anyhow!("the database has no epoch: is it one of Turns?"))?.value;
        let replica = match &settings.replica_url {
            Some(url) => Some(Arc::new(Replica::watch(url, settings, &readers).await?)),
            None => None,
        };
        let server = ServerId(ids::new_id());
        let news = News::after(counters::current(&readers, counters::CHANGE_POSITION).await?);
        let (folder, following) = match kind {
            DatabaseKind::Sqlite => {
                let folder = sqlite::fold_beside(&settings.url, news.listen()).await?;
                (Some(folder), tokio::spawn(news.clone().follow(readers.clone(), Silence)))
            }
            DatabaseKind::Postgres => {
                let bell = postgres::Bell::listen(&settings.url, server).await?;
                (None, tokio::spawn(news.clone().follow(readers.clone(), bell)))
            }
        };
        Ok(Self {
            kind,
            server,
            readers,
            primary: (writer.clone(), statements),
            writer: Arc::new(Mutex::new(writer)),
            replica,
            folder,
            news,
            following: Arc::new(Mutex::new(Some(following))),
            epoch: epoch.into(),
        })
    }

    /// Connections for reading. What is written through them would miss the log.
    pub fn readers(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// A view of one moment: everything read through it comes from the same state.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction> {
        Ok(self.readers.begin_with_options(one_moment(self.kind)).await?)
    }

    /// The same of the replica, where there is one that answers and is not far behind.
    pub async fn snapshot_of_replica(&self) -> Option<DatabaseTransaction> {
        let replica = self.near_replica().await?;
        replica.begin_with_options(one_moment(self.kind)).await.ok()
    }

    /// Connections for what reads much and may be some seconds old: the replica's, else the readers.
    pub async fn for_reports(&self) -> DatabaseConnection {
        self.near_replica().await.unwrap_or_else(|| self.readers.clone())
    }

    /// The replica's connections, where there is one and it is not far behind.
    pub async fn near_replica(&self) -> Option<DatabaseConnection> {
        match &self.replica {
            Some(replica) => replica.connection().await,
            None => None,
        }
    }

    /// What is known of the replica now.
    pub fn replica_status(&self) -> ReplicaStatus {
        self.replica.as_ref().map(|replica| *replica.status().borrow()).unwrap_or_default()
    }

    /// How busy the connections are: the primary's, and the replica's where there is one.
    pub fn load(&self) -> Vec<Load> {
        let (writer, statements) = &self.primary;
        let primary = statements.load(Target::Primary, [writer, &self.readers]);
        let replica = self.replica.as_ref().map(|replica| replica.load());
        std::iter::once(primary).chain(replica).collect()
    }

    /// Tells when something else is known of the replica; none where there is none.
    pub fn replica_news(&self) -> Option<watch::Receiver<ReplicaStatus>> {
        self.replica.as_ref().map(|replica| replica.status())
    }

    /// Waits for its turn and begins to write.
    pub async fn write(&self) -> Result<Transaction> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let inner = writer.begin_with_options(options).await?;
        if self.kind == DatabaseKind::Postgres {
            postgres::wait_for_turn(&inner, self.server).await?;
        }
        Ok(Transaction::new(inner, writer, self.news.clone()))
    }

    /// Waits for its turn and begins a unit of work on the synced tables.
    pub async fn unit(&self) -> Result<Unit> {
        Ok(Unit::new(self.write().await?))
    }

    /// Tells of every commit from now on, of this server and of others.
    pub fn commits(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.news.listen()
    }

    /// Everything up to this position has been told; listen first, then ask.
    pub fn told_until(&self) -> i64 {
        self.news.told_until()
    }

    /// Whose accounts and sessions have changed.
    pub fn people(&self) -> &People {
        self.news.people()
    }

    /// What tells this database from any other, and from itself before a restore.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Waits for the running write and closes the connections; a SQLite file then stands alone, without a log beside it.
    pub async fn close(self) {
        // An abort is heard at its next pause: until then it would find the connections closed, and complain.
        if let Some(following) = self.following.lock().await.take() {
            following.abort();
            let _ = following.await;
        }
        let writer = self.writer.lock().await;
        if let Some(folder) = &self.folder {
            told(folder.close_by_ref().await);
            sqlite::fold_log(&writer).await;
        }
        if let Some(replica) = &self.replica {
            told(replica.close().await);
        }
        told(self.readers.close_by_ref().await);
        told(writer.close_by_ref().await);
    }
}

/// A transaction that sees one moment.
fn one_moment(kind: DatabaseKind) -> TransactionOptions {
    match kind {
        // A deferred transaction of SQLite is that by itself.
        DatabaseKind::Sqlite => TransactionOptions::default(),
        DatabaseKind::Postgres => TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        },
    }
}

/// A failed start in one line. A database's error says its own cause; as the source of another it would be said twice.
fn cannot(what: String) -> impl FnOnce(DbErr) -> Error {
    move |error| match fault::driver_error(&error) {
        // What went wrong at each attempt is known to the driver only.
        Some(sea_orm::SqlxError::PoolTimedOut) => anyhow!("cannot {what}: nobody answers there"),
        _ => anyhow!("cannot {what}: {error}"),
    }
}

fn told(closed: Result<(), DbErr>) {
    if let Err(error) = closed {
        tracing::warn!(%error, "a database connection did not close");
    }
}
