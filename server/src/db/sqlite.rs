//! Opening a SQLite database so that an acknowledged write survives a pulled plug.
//!
//! Commits go to the write-ahead log. Folding it into the file costs as much again, so a connection of its own does that beside
//! the writer; should it fall behind, the writer's own commit does it in the end.
//!
//! **Invariant:** `synchronous=FULL` on the connection that writes; a commit returns after the disk has it.

use super::{Commit, cannot, migration};
use crate::config::DatabaseUrl;
use anyhow::Context;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::broadcast::{self, error::RecvError};

/// Another process (an import, a backup) may hold the file for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const READERS: u32 = 8;
/// 32 MiB a connection, filled as it is needed: an office's whole database, or what of it is in use.
const PAGE_CACHE: &str = "-32768";
/// At 64 MiB of log the writer folds by itself.
const PAGES_BEFORE_CHECKPOINT: &str = "16384";
/// After so many changes of rows the log is worth folding: some 16 MiB.
const CHANGES_BEFORE_FOLDING: usize = 1_000;

/// Connects the writer, migrates, and connects the readers.
pub(super) async fn connect(url: &DatabaseUrl) -> anyhow::Result<(DatabaseConnection, DatabaseConnection)> {
    make_folder(url.with_password())?;
    let writer = Database::connect(options(url, 1, false))
        .await
        .map_err(cannot(format!("open the database {url}")))?;
    migration::Migrator::up(&writer, None)
        .await
        .map_err(cannot(format!("bring the database {url} up to date")))?;
    let readers = Database::connect(options(url, READERS, true))
        .await
        .map_err(cannot(format!("open the database {url}")))?;
    Ok((writer, readers))
}

/// Folds the log beside the writing while somebody commits; gives the connection that it uses.
pub(super) async fn fold_beside(url: &DatabaseUrl, mut commits: broadcast::Receiver<Arc<Commit>>) -> anyhow::Result<DatabaseConnection> {
    let connection = Database::connect(options(url, 1, false))
        .await
        .map_err(cannot(format!("open the database {url}")))?;
    let folding = connection.clone();
    tokio::spawn(async move {
        let mut changes = 0;
        loop {
            changes += match commits.recv().await {
                Ok(commit) => commit.changes.len(),
                Err(RecvError::Lagged(_)) => CHANGES_BEFORE_FOLDING,
                Err(RecvError::Closed) => return,
            };
            if changes >= CHANGES_BEFORE_FOLDING {
                changes = 0;
                // What is left, for a reader's or an error's sake, is folded next time.
                let _ = folding.execute_unprepared("PRAGMA wal_checkpoint(PASSIVE)").await;
            }
        }
    });
    Ok(connection)
}

/// Moves all of the write-ahead log into the file.
pub(super) async fn fold_log(writer: &DatabaseConnection) {
    if let Err(error) = writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await {
        tracing::warn!(%error, "the write-ahead log stays beside the database file; nothing is lost");
    }
}

fn options(url: &DatabaseUrl, connections: u32, only_reads: bool) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.with_password());
    options
        .max_connections(connections)
        .min_connections(1)
        .sqlx_logging(false)
        .acquire_timeout(Duration::from_secs(20));
    // A connection that is recycled in the middle of the day would lose its prepared statements for nothing.
    options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("cache_size", PAGE_CACHE)
            .pragma("wal_autocheckpoint", PAGES_BEFORE_CHECKPOINT)
            .pragma("query_only", if only_reads { "ON" } else { "OFF" })
    });
    options
}

fn make_folder(url: &str) -> anyhow::Result<()> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    match Path::new(path).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {} of the database", folder.display()))
        }
        _ => Ok(()),
    }
}
