//! Tables as they first came, many rows to a record.
//!
//! IndexedDB's price is per record: a hundred thousand rows of their own take many times as long as these. What changes
//! afterwards goes into records of its own ([`super::rows`]), so that one changed row never rewrites hundreds; [`super::fold`] brings the two
//! together again.
//!
//! **Invariant:** a record holds the rows from its key's id up to the next record's, sorted by id.

use super::{
    error::StoreError,
    layout::{SNAPSHOTS, row_key, rows_of},
    text,
};
use domain::{Row, RowId, Table};
use indexed_db_futures::{BuildPrimitive, KeyRange, object_store::ObjectStore, query_source::QuerySource, transaction::Transaction};
use js_sys::{Array, Uint8Array};
use std::{collections::BTreeMap, sync::Arc};
use sync::store::block;
use wasm_bindgen::{JsCast, JsValue};

/// A couple of hundred kilobytes. A whole table is read faster the fewer records it has; one row is looked up in the whole of its record.
pub const ROWS_PER_RECORD: usize = 500;
/// So many records are read or written before others may have the thread: some milliseconds' work.
const RECORDS_AT_ONCE: usize = 8;

/// Stores a table; `rows` are sorted by id. Whatever was there must have been forgotten before.
pub async fn store(transaction: &Transaction<'_>, table: Table, rows: &[&Row]) -> Result<(), StoreError> {
    let snapshots = transaction.object_store(SNAPSHOTS)?;
    for (index, rows) in rows.chunks(ROWS_PER_RECORD).enumerate() {
        let stored = put(&snapshots, table, rows)?;
        // Behind the others' requests by then; a frame may be painted meanwhile.
        if let (Some(stored), 0) = (stored, (index + 1) % RECORDS_AT_ONCE) {
            stored.await?;
        }
    }
    Ok(())
}

/// Stores one record. The request goes out at once; should it fail, the transaction does not commit.
pub fn put(snapshots: &ObjectStore<'_>, table: Table, rows: &[&Row]) -> Result<Option<impl Future<Output = Result<(), StoreError>> + use<>>, StoreError> {
    let Some(first) = rows.first() else { return Ok(None) };
    let bytes: JsValue = Uint8Array::from(&*block::write(table, rows)).into();
    let stored = snapshots.put(bytes).with_key(row_key(table, first.id())).without_key_type().primitive()?;
    Ok(Some(async move { Ok(stored.await?) }))
}

/// Forgets a table.
pub fn forget(transaction: &Transaction<'_>, table: Table) -> Result<(), StoreError> {
    drop(transaction.object_store(SNAPSHOTS)?.delete::<JsValue, _>(rows_of(table)).primitive()?);
    Ok(())
}

/// All rows of a table, sorted by id.
pub async fn all(transaction: &Transaction<'_>, table: Table) -> Result<Vec<Row>, StoreError> {
    let snapshots = transaction.object_store(SNAPSHOTS)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut range = rows_of(table);
    loop {
        let records = snapshots
            .get_all::<JsValue>()
            .with_query::<JsValue, _>(range)
            .with_limit(RECORDS_AT_ONCE as u32);
        let records: Vec<JsValue> = records.primitive()?.await?.collect::<Result<_, _>>()?;
        for record in &records {
            rows.extend(read(table, record)?);
        }
        match rows.last() {
            Some(last) if records.len() == RECORDS_AT_ONCE => range = behind(table, last.id()),
            _ => return Ok(rows),
        }
    }
}

/// The keys of the table's records behind this row's.
fn behind(table: Table, id: RowId) -> KeyRange<JsValue> {
    match rows_of(table) {
        KeyRange::Bound(_, _, end, is_open) => KeyRange::Bound(row_key(table, id), true, end, is_open),
        other => other,
    }
}

/// A record's rows: bytes, or text as the app wrote it up to layout 2.
pub fn read(table: Table, record: &JsValue) -> Result<Vec<Row>, StoreError> {
    if let Some(text) = record.as_string() {
        return text::read_rows(table, &text);
    }
    let bytes = record.dyn_ref::<Uint8Array>().map(bytes);
    let rows = bytes.and_then(|bytes| block::read(table, &bytes));
    rows.ok_or_else(|| StoreError::UnreadableRow(format!("a part of {} is broken", table.sql_name())))
}

/// One copy, into where its rows will lie.
fn bytes(array: &Uint8Array) -> Arc<[u8]> {
    let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, array.length() as usize).collect();
    if let Some(room) = Arc::get_mut(&mut bytes) {
        array.copy_to(room);
    }
    bytes
}

/// The rows of these ids that are here. Each record is read once.
pub async fn some(transaction: &Transaction<'_>, table: Table, ids: &[RowId]) -> Result<Vec<Row>, StoreError> {
    let mut found = Vec::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let snapshots = transaction.object_store(SNAPSHOTS)?;
    for (first, wanted) in by_record(&first_ids(transaction, table).await?, ids) {
        let record: Option<JsValue> = snapshots.get(row_key(table, first)).primitive()?.await?;
        let rows = record.map(|record| read(table, &record)).transpose()?.unwrap_or_default();
        found.extend(rows.into_iter().filter(|row| wanted.contains(&row.id())));
    }
    Ok(found)
}

/// Which record each id would be in: the last one that begins at it or before.
pub fn by_record(first_ids: &[RowId], ids: &[RowId]) -> BTreeMap<RowId, Vec<RowId>> {
    let mut records: BTreeMap<RowId, Vec<RowId>> = BTreeMap::new();
    for id in ids {
        let behind = first_ids.partition_point(|first| first <= id);
        if let Some(first) = behind.checked_sub(1).and_then(|index| first_ids.get(index)) {
            records.entry(*first).or_default().push(*id);
        }
    }
    records
}

/// Where each record of a table begins.
pub async fn first_ids(transaction: &Transaction<'_>, table: Table) -> Result<Vec<RowId>, StoreError> {
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
