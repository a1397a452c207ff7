//! Tables as they first came, many rows to a record.
//!
//! IndexedDB's price is per record: ten thousand rows of their own take five times as long as these. What changes
//! afterwards goes into records of its own ([`super::rows`]), so that one changed row never rewrites a hundred.
//!
//! **Invariant:** a record holds the rows from its key's id up to the next record's, sorted by id.

use super::{
    error::StoreError,
    layout::{SNAPSHOTS, row_key, rows_of},
    text,
};
use domain::{Row, RowId, Table};
use indexed_db_futures::{BuildPrimitive, query_source::QuerySource, transaction::Transaction};
use js_sys::Array;
use std::collections::BTreeMap;
use wasm_bindgen::{JsCast, JsValue};

/// Small enough that looking up one row in it costs no frame.
const ROWS_PER_RECORD: usize = 100;

/// Stores a table; `rows` are sorted by id. Whatever was there must have been forgotten before.
pub fn store(transaction: &Transaction<'_>, table: Table, rows: &[&Row]) -> Result<(), StoreError> {
    let snapshots = transaction.object_store(SNAPSHOTS)?;
    for chunk in rows.chunks(ROWS_PER_RECORD) {
        if let Some(first) = chunk.first() {
            let record = text::of_rows(chunk)?;
            drop(snapshots.put(record).with_key(row_key(table, first.id())).without_key_type().primitive()?);
        }
    }
    Ok(())
}

/// Forgets a table.
pub fn forget(transaction: &Transaction<'_>, table: Table) -> Result<(), StoreError> {
    drop(transaction.object_store(SNAPSHOTS)?.delete::<JsValue, _>(rows_of(table)).primitive()?);
    Ok(())
}

/// The records of a table, as text.
pub async fn texts(transaction: &Transaction<'_>, table: Table) -> Result<Vec<String>, StoreError> {
    let snapshots = transaction.object_store(SNAPSHOTS)?;
    let texts = snapshots.get_all::<String>().with_query::<JsValue, _>(rows_of(table)).primitive()?.await?;
    Ok(texts.collect::<Result<_, _>>()?)
}

/// The rows of these ids that are here. Each record is read once.
pub async fn some(transaction: &Transaction<'_>, table: Table, ids: &[RowId]) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let snapshots = transaction.object_store(SNAPSHOTS)?;
    for (first, wanted) in by_record(&first_ids(transaction, table).await?, ids) {
        let record: Option<String> = snapshots.get(row_key(table, first)).primitive()?.await?;
        let rows = record.map(|record| text::read_rows(table, &record)).transpose()?.unwrap_or_default();
        found.extend(rows.into_iter().filter(|row| wanted.contains(&row.id())));
    }
    Ok(found)
}

/// Which record each id would be in: the last one that begins at it or before.
fn by_record(first_ids: &[RowId], ids: &[RowId]) -> BTreeMap<RowId, Vec<RowId>> {
    let mut records: BTreeMap<RowId, Vec<RowId>> = BTreeMap::new();
    for id in ids {
        let behind = first_ids.partition_point(|first| first <= id);
        if let Some(first) = behind.checked_sub(1).and_then(|index| first_ids.get(index)) {
            records.entry(*first).or_default().push(*id);
        }
    }
    records
}

async fn first_ids(transaction: &Transaction<'_>, table: Table) -> Result<Vec<RowId>, StoreError> {
    let snapshots = transaction.object_store(SNAPSHOTS)?;
    let keys = snapshots
        .get_all_keys::<JsValue>()
        .with_query::<JsValue, _>(rows_of(table))
        .primitive()?
        .await?;
    let keys: Vec<JsValue> = keys.collect::<Result<_, _>>()?;
    Ok(keys.iter().filter_map(id_in_key).collect())
}

/// `[table, id]` → id
fn id_in_key(key: &JsValue) -> Option<RowId> {
    key.dyn_ref::<Array>()?.get(1).as_string()?.parse().ok()
}
