//! What a page holds of the store, stored again: after the browser has cleared the database, and after a time in memory.
//!
//! **Invariant:** a write is stored again only where neither outbox nor history know it better; whoever signed out meanwhile stays signed out.

use super::{
    connection::{Access, begin},
    error::StoreError,
    layout::{HISTORY, NOTES, OUTBOX, ROWS, SEQ_NOTE, SNAPSHOTS},
    notes, outbox, records, snapshot,
};
use crate::ids;
use domain::{Row, Table};
use indexed_db_futures::{BuildPrimitive, database::Database, object_store::ObjectStore, query_source::QuerySource, transaction::Transaction};
use std::collections::HashSet;
use sync::{OutboxRecord, Stored, outbox::history::GAPS_NOTE};
use wasm_bindgen::JsValue;

/// The note that names a database. See [`super::connection`].
const BIRTH_NOTE: &str = "birth";

/// What a page, or the memory, holds of a store.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// Notes by name: the session and the device's id.
    pub notes: Vec<(&'static str, String)>,
    /// Writes that have been stored, in order of `seq`: unsettled ones, and what has become history where no store had it.
    pub writes: Vec<OutboxRecord>,
    /// Synced rows. Their places are not known any more: the streams bring them anew.
    pub rows: Vec<Row>,
}

/// Which database this is, if it has been named.
pub async fn birth(database: &Database) -> Result<Option<String>, StoreError> {
    let transaction = begin(database, &[NOTES], Access::Read)?;
    let birth = notes::read(&transaction.object_store(NOTES)?, BIRTH_NOTE).await?;
    transaction.commit().await?;
    Ok(birth)
}

/// Stores again what is held, in one transaction. Gives the database's birth, and how many unsettled writes were missing.
///
/// Notes and rows go into an unnamed database only: into any other one somebody has put their own since.
pub async fn restore(database: &Database, held: &Holdings) -> Result<(String, usize), StoreError> {
    let transaction = begin(database, &[NOTES, OUTBOX, HISTORY, ROWS, SNAPSHOTS], Access::WriteDurably)?;
    let notes = transaction.object_store(NOTES)?;
    let known = notes::read(&notes, BIRTH_NOTE).await?;
    let birth = known.clone().unwrap_or_else(|| ids::row_id().to_string());
    if known.is_none() {
        notes::write(&notes, BIRTH_NOTE, Some(&birth))?;
        for (name, text) in &held.notes {
            notes::write(&notes, name, Some(text))?;
        }
        store_rows(&transaction, &held.rows).await?;
    }
    let restored = store_writes(&transaction, &held.writes).await?;
    if known.is_none() || restored > 0 {
        // What was over has gone with the cleared database: nobody held it.
        let last_seq = outbox::last_seq(&notes).await?.to_string();
        notes::write(&notes, GAPS_NOTE, Some(&last_seq))?;
    }
    transaction.commit().await?;
    Ok((birth, restored))
}

async fn store_rows(transaction: &Transaction<'_>, rows: &[Row]) -> Result<(), StoreError> {
    for table in Table::ALL {
        let mut of_table: Vec<&Row> = rows.iter().filter(|row| row.table() == table).collect();
        of_table.sort_by_key(|row| row.id());
        snapshot::store(transaction, table, &of_table).await?;
    }
    Ok(())
}

/// Says how many unsettled writes were missing.
async fn store_writes(transaction: &Transaction<'_>, writes: &[OutboxRecord]) -> Result<usize, StoreError> {
    let (outbox, history, notes) = (
        transaction.object_store(OUTBOX)?,
        transaction.object_store(HISTORY)?,
        transaction.object_store(NOTES)?,
    );
    let mut last_seq = outbox::last_seq(&notes).await?;
    let mut taken = numbers(&outbox, &history).await?;
    let mut missing = 0;
    for held in writes {
        let mut record = held.clone();
        match stored(&outbox, held).await? {
            // A worker, or another tab, has gone on with it.
            Some(known) if known.revision >= held.revision => continue,
            Some(known) => record.seq = known.seq,
            None if stored(&history, held).await?.is_some() => continue,
            None => {
                missing += usize::from(!record.state.is_over());
                record = record.stored_again();
                if taken.contains(&record.seq) {
                    // Its number has been given to another one meanwhile. Else it keeps its place: another page may have stored again what builds on it.
                    record.seq = last_seq + 1;
                }
                taken.insert(record.seq);
                last_seq = last_seq.max(record.seq);
            }
        }
        outbox::keep(&outbox, &history, &record)?;
    }
    notes::write(&notes, SEQ_NOTE, Some(&last_seq.to_string()))?;
    Ok(missing)
}

/// Those that writes have.
async fn numbers(outbox: &ObjectStore<'_>, history: &ObjectStore<'_>) -> Result<HashSet<u64>, StoreError> {
    let mut stored = outbox::raw(outbox).await?;
    stored.extend(outbox::raw(history).await?);
    Ok(records::read_all(&stored)
        .into_iter()
        .filter_map(Stored::record)
        .map(|record| record.seq)
        .collect())
}

async fn stored(store: &ObjectStore<'_>, record: &OutboxRecord) -> Result<Option<OutboxRecord>, StoreError> {
    let stored: Option<JsValue> = store.get(record.write_id.to_string()).primitive()?.await?;
    Ok(stored.as_ref().map(records::read).and_then(Stored::record))
}
