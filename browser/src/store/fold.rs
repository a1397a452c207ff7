//! Brings what has changed since a table was written whole back into its records of many rows, when nobody waits.
//!
//! A device that runs for weeks would otherwise read a record for each row that was ever touched.
//!
//! **Invariant:** folding moves rows and changes none: one transaction takes their own records away and puts them where they belong.

use super::{
    connection::{Access, Connection},
    error::StoreError,
    layout::{ROWS, SNAPSHOTS, row_key, rows_of},
    snapshot::{self, ROWS_PER_RECORD},
    text::{self, Kept},
};
use domain::{Row, RowId, Table};
use indexed_db_futures::{BuildPrimitive, object_store::ObjectStore, query_source::QuerySource, transaction::Transaction};
use std::collections::BTreeMap;
use wasm_bindgen::JsValue;

/// Fewer changed rows than this are left where they are: reading them costs less than writing the large records.
const WORTH_IT: usize = 200;
/// So many in one transaction.
const AT_ONCE: usize = 1_000;
/// A record may grow by half before it is parted.
const MOST_ROWS: usize = ROWS_PER_RECORD + ROWS_PER_RECORD / 2;

/// Rows as they stand since; `None` is gone.
type Since = BTreeMap<RowId, Option<Row>>;

/// Folds some of a table's changed rows, if there are enough. Says whether there may be more.
pub async fn fold(connection: &Connection, table: Table) -> Result<bool, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let (rows, snapshots) = (transaction.object_store(ROWS)?, transaction.object_store(SNAPSHOTS)?);
        let since = changed(&rows, table).await?;
        if since.len() < WORTH_IT {
            return Ok(false);
        }
        let first_ids = snapshot::first_ids(transaction, table).await?;
        for (first, since) in by_record(&first_ids, &since) {
            fold_into(&snapshots, table, first, since).await?;
        }
        for id in since.keys() {
            drop(rows.delete(row_key(table, *id)).primitive()?);
        }
        Ok(since.len() == AT_ONCE)
    };
    connection.transact(&[ROWS, SNAPSHOTS], Access::Write, work).await
}

async fn changed(rows: &ObjectStore<'_>, table: Table) -> Result<Since, StoreError> {
    let records = rows.get_all::<String>().with_query::<JsValue, _>(rows_of(table)).with_limit(AT_ONCE as u32);
    let mut since = Since::new();
    for record in records.primitive()?.await? {
        match text::read(table, &record?)? {
            Kept::Row(row) => since.insert(row.id(), Some(row)),
            Kept::Gone(id) => since.insert(id, None),
        };
    }
    Ok(since)
}

/// Which record each row belongs to; what comes before the first one belongs to it, and where there is none, to a new one.
fn by_record<'a>(first_ids: &[RowId], since: &'a Since) -> BTreeMap<Option<RowId>, Vec<(RowId, &'a Option<Row>)>> {
    let mut records: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (id, row) in since {
        let behind = first_ids.partition_point(|first| first <= id);
        let record = first_ids.get(behind.saturating_sub(1)).copied();
        records.entry(record).or_default().push((*id, row));
    }
    records
}

async fn fold_into(snapshots: &ObjectStore<'_>, table: Table, first: Option<RowId>, since: Vec<(RowId, &Option<Row>)>) -> Result<(), StoreError> {
    let mut rows: BTreeMap<RowId, Row> = BTreeMap::new();
    if let Some(first) = first {
        let record: Option<JsValue> = snapshots.get(row_key(table, first)).primitive()?.await?;
        let read = record.map(|record| snapshot::read(table, &record)).transpose()?;
        rows.extend(read.into_iter().flatten().map(|row| (row.id(), row)));
        drop(snapshots.delete(row_key(table, first)).primitive()?);
    }
    for (id, row) in since {
        match row {
            Some(row) => drop(rows.insert(id, row.clone())),
            None => drop(rows.remove(&id)),
        }
    }
    let rows: Vec<&Row> = rows.values().collect();
    let rows_per_record = if rows.len() > MOST_ROWS { ROWS_PER_RECORD } else { MOST_ROWS };
    for rows in rows.chunks(rows_per_record) {
        drop(snapshot::put(snapshots, table, rows)?);
    }
    Ok(())
}
