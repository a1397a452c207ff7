//! The outbox and its history: what was tapped and exists nowhere else.
//!
//! **Invariant:** `seq` never comes twice, and a record is in the outbox or in the history, never in both.

use super::{
    connection::{Access, Connection},
    error::StoreError,
    layout::{HISTORY, NOTES, OUTBOX, ROWS, SEQ_NOTE, SNAPSHOTS},
    notes, records, rows,
};
use domain::{Row, WriteId};
use indexed_db_futures::{BuildPrimitive, object_store::ObjectStore, query_source::QuerySource, transaction::Transaction};
use sync::{Amendment, OutboxRecord, Stored, WriteState};
use wasm_bindgen::JsValue;

/// See [`sync::Store::enqueue`].
pub async fn enqueue(connection: &Connection, mut drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let (outbox, notes) = (transaction.object_store(OUTBOX)?, transaction.object_store(NOTES)?);
        let mut seq: u64 = notes::read(&notes, SEQ_NOTE).await?.and_then(|text| text.parse().ok()).unwrap_or(0);
        for draft in &mut drafts {
            seq += 1;
            draft.seq = seq;
            put(&outbox, draft)?;
        }
        notes::write(&notes, SEQ_NOTE, Some(&seq.to_string()))?;
        Ok(drafts)
    };
    connection.transact(&[OUTBOX, NOTES], Access::WriteDurably, work).await
}

/// See [`sync::Store::outbox`].
pub async fn outbox(connection: &Connection) -> Result<Vec<Stored>, StoreError> {
    let mut stored: Vec<Stored> = all(connection, OUTBOX).await?;
    stored.sort_by_key(|stored| match stored {
        Stored::Record(record) => record.seq,
        Stored::Unreadable { .. } => u64::MAX,
    });
    Ok(stored)
}

/// See [`sync::Store::amend`].
pub async fn amend(connection: &Connection, amendments: Vec<Amendment>) -> Result<bool, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let (outbox, history) = (transaction.object_store(OUTBOX)?, transaction.object_store(HISTORY)?);
        if !are_fresh(&outbox, &amendments).await? {
            return Ok(false);
        }
        for amendment in amendments {
            let synced = synced_row(transaction, &amendment.record).await?;
            keep(&outbox, &history, &amendment.resolve(synced.as_ref()))?;
        }
        Ok(true)
    };
    connection.transact(&[OUTBOX, HISTORY, ROWS, SNAPSHOTS], Access::WriteDurably, work).await
}

/// See [`sync::Store::history`].
pub async fn history(connection: &Connection, most: usize) -> Result<Vec<OutboxRecord>, StoreError> {
    let mut records: Vec<_> = all(connection, HISTORY).await?.into_iter().filter_map(Stored::record).collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.seq));
    records.truncate(most);
    Ok(records)
}

/// See [`sync::Store::trim_history`].
pub async fn trim_history(connection: &Connection, made_before_ms: i64) -> Result<(), StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let history = transaction.object_store(HISTORY)?;
        for record in read_all(&history).await?.into_iter().map(records::from_js).filter_map(Stored::record) {
            if record.made_at_ms < made_before_ms {
                remove(&history, record.write_id)?;
            }
        }
        Ok(())
    };
    connection.transact(&[HISTORY], Access::Write, work).await
}

/// Moves the acknowledged records that `is_echoed` names to the history; part of a larger transaction.
pub async fn settle(transaction: &Transaction<'_>, is_echoed: impl AsyncFn(&OutboxRecord) -> Result<bool, StoreError>) -> Result<Vec<WriteId>, StoreError> {
    let (outbox, history) = (transaction.object_store(OUTBOX)?, transaction.object_store(HISTORY)?);
    let mut settled = Vec::new();
    let acked = read_all(&outbox).await?.into_iter().filter(records::is_acked);
    for record in acked.map(records::from_js).filter_map(Stored::record) {
        if is_echoed(&record).await? {
            settled.push(record.write_id);
            keep(&outbox, &history, &record.in_state(WriteState::Settled))?;
        }
    }
    Ok(settled)
}

async fn are_fresh(outbox: &ObjectStore<'_>, amendments: &[Amendment]) -> Result<bool, StoreError> {
    for amendment in amendments {
        let stored: Option<JsValue> = outbox.get(amendment.record.write_id.to_string()).primitive()?.await?;
        let revision = stored.map(records::from_js).and_then(Stored::record).map(|record| record.revision);
        if revision != Some(amendment.expected_revision) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Only an acknowledged record is compared with its row.
async fn synced_row(transaction: &Transaction<'_>, record: &OutboxRecord) -> Result<Option<Row>, StoreError> {
    if record.state != WriteState::Acked {
        return Ok(None);
    }
    rows::read(transaction, record.table, record.row_id).await
}

fn keep(outbox: &ObjectStore<'_>, history: &ObjectStore<'_>, record: &OutboxRecord) -> Result<(), StoreError> {
    if !record.state.is_over() {
        return put(outbox, record);
    }
    remove(outbox, record.write_id)?;
    put(history, record)
}

/// The request goes out at once; should it fail, the transaction does not commit.
fn put(store: &ObjectStore<'_>, record: &OutboxRecord) -> Result<(), StoreError> {
    drop(store.put(records::to_js(record)?).primitive()?);
    Ok(())
}

/// As [`put`].
fn remove(store: &ObjectStore<'_>, id: WriteId) -> Result<(), StoreError> {
    drop(store.delete(id.to_string()).primitive()?);
    Ok(())
}

async fn all(connection: &Connection, store: &str) -> Result<Vec<Stored>, StoreError> {
    let stored = connection
        .transact(&[store], Access::Read, async |transaction: &Transaction<'_>| {
            read_all(&transaction.object_store(store)?).await
        })
        .await?;
    Ok(stored.into_iter().map(records::from_js).collect())
}

async fn read_all(store: &ObjectStore<'_>) -> Result<Vec<JsValue>, StoreError> {
    let values = store.get_all::<JsValue>().primitive()?.await?;
    Ok(values.collect::<Result<_, _>>()?)
}
