//! Opening a SQLite database so that an acknowledged write survives a pulled plug.
//!
//! **Invariant:** `synchronous=FULL` on the connection that writes; a commit returns after the disk has it.

use super::{cannot, migration};
use crate::config::DatabaseUrl;
use anyhow::Context;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait;
use std::{path::Path, time::Duration};

/// Another process (an import, a backup) may hold the file for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const READERS: u32 = 8;

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

/// Moves the write-ahead log into the file.
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
