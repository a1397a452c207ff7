//! Synced rows and the places of their streams.
//!
//! **Invariant:** rows come from shapes only, in the transaction that moves their table's place.

use super::{
    connection::{Access, Connection},
    error::StoreError,
    layout::{HISTORY, NOTES, OUTBOX, PLACES, ROWS, row_key, rows_of},
    outbox, session,
};
use domain::{Row, RowId, Table, UserId};
use futures::future::try_join_all;
use indexed_db_futures::{BuildPrimitive, object_store::ObjectStore, query_source::QuerySource, transaction::Transaction};
use std::collections::{HashMap, HashSet};
use sync::{Applied, OutboxRecord, Place, RowChange, ShapeBatch};
use wasm_bindgen::JsValue;

/// See [`sync::Store::apply_shape`]. Given an `owner`, it refuses rows once somebody else is signed in.
pub async fn apply_shape(connection: &Connection, owner: Option<UserId>, batch: &ShapeBatch) -> Result<Applied, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        if let Some(owner) = owner {
            session::demand_owner(transaction, owner).await?;
        }
        let rows = transaction.object_store(ROWS)?;
        if batch.reset {
            drop(rows.delete::<JsValue, _>(rows_of(batch.table)).primitive()?);
        }
        let (changed, has_gap) = work_out(&rows, batch).await?;
        for (id, row) in &changed {
            store_row(&rows, batch.table, *id, row.as_ref())?;
        }
        let place = serde_json::to_string(&batch.place).map_err(|error| StoreError::Browser(error.to_string()))?;
        drop(
            transaction
                .object_store(PLACES)?
                .put(place)
                .with_key(batch.table.sql_name())
                .without_key_type()
                .primitive()?,
        );
        let is_echoed = async |record: &OutboxRecord| Ok(record.table == batch.table && batch.echoes(record, after(&rows, record, &changed).await?.as_ref()));
        Ok(Applied {
            settled: outbox::settle(transaction, is_echoed).await?,
            has_gap,
        })
    };
    connection.transact(&[ROWS, PLACES, OUTBOX, HISTORY, NOTES], Access::Write, work).await
}

/// See [`sync::Store::place`].
pub async fn place(connection: &Connection, table: Table) -> Result<Option<Place>, StoreError> {
    let work = async |transaction: &Transaction<'_>| Ok(transaction.object_store(PLACES)?.get::<String, _, _>(table.sql_name()).primitive()?.await?);
    let text: Option<String> = connection.transact(&[PLACES], Access::Read, work).await?;
    // A place that cannot be read is no place: the table begins again.
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// See [`sync::Store::rows`].
pub async fn rows(connection: &Connection, table: Table) -> Result<Vec<Row>, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let texts = transaction
            .object_store(ROWS)?
            .get_all::<String>()
            .with_query::<JsValue, _>(rows_of(table))
            .primitive()?
            .await?;
        Ok(texts.collect::<Result<Vec<String>, _>>()?)
    };
    let texts = connection.transact(&[ROWS], Access::Read, work).await?;
    texts.iter().map(|text| row_from_text(table, text)).collect()
}

/// See [`sync::Store::rows_by_id`].
pub async fn rows_by_id(connection: &Connection, table: Table, ids: &[RowId]) -> Result<Vec<Row>, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let rows = transaction.object_store(ROWS)?;
        try_join_all(ids.iter().map(|id| read(&rows, table, *id))).await
    };
    Ok(connection.transact(&[ROWS], Access::Read, work).await?.into_iter().flatten().collect())
}

/// See [`sync::Store::forget_rows`].
pub async fn forget_rows(connection: &Connection) -> Result<(), StoreError> {
    connection
        .transact(&[ROWS, PLACES], Access::Write, async |transaction: &Transaction<'_>| forget(transaction))
        .await
}

/// The same inside a transaction.
pub fn forget(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    for store in [ROWS, PLACES] {
        drop(transaction.object_store(store)?.clear()?);
    }
    Ok(())
}

/// Reads one row inside a transaction.
pub async fn read(rows: &ObjectStore<'_>, table: Table, id: RowId) -> Result<Option<Row>, StoreError> {
    let text: Option<String> = rows.get(row_key(table, id)).primitive()?.await?;
    text.map(|text| row_from_text(table, &text)).transpose()
}

/// The rows that a batch changes, as they stand after it (`None` is gone), and whether it patched one that is not there.
async fn work_out(rows: &ObjectStore<'_>, batch: &ShapeBatch) -> Result<(HashMap<RowId, Option<Row>>, bool), StoreError> {
    let patched: HashSet<RowId> = batch
        .changes
        .iter()
        .filter(|change| matches!(change, RowChange::Patch { .. }))
        .map(RowChange::id)
        .collect();
    let found = try_join_all(patched.into_iter().map(|id| read(rows, batch.table, id))).await?;
    let mut standing: HashMap<RowId, Option<Row>> = found.into_iter().flatten().map(|row| (row.id(), Some(row))).collect();
    let mut has_gap = false;
    for change in &batch.changes {
        let row = standing.entry(change.id()).or_default();
        has_gap |= row.is_none() && matches!(change, RowChange::Patch { .. });
        change.apply_to(row);
    }
    Ok((standing, has_gap))
}

/// The request goes out at once; should it fail, the transaction does not commit.
fn store_row(rows: &ObjectStore<'_>, table: Table, id: RowId, row: Option<&Row>) -> Result<(), StoreError> {
    let key = row_key(table, id);
    match row {
        Some(row) => drop(rows.put(row_to_text(row)?).with_key(key).without_key_type().primitive()?),
        None => drop(rows.delete(key).primitive()?),
    }
    Ok(())
}

async fn after(rows: &ObjectStore<'_>, record: &OutboxRecord, changed: &HashMap<RowId, Option<Row>>) -> Result<Option<Row>, StoreError> {
    match changed.get(&record.row_id) {
        Some(row) => Ok(row.clone()),
        None => read(rows, record.table, record.row_id).await,
    }
}

fn row_to_text(row: &Row) -> Result<String, StoreError> {
    serde_json::to_string(&row.to_pg_json()).map_err(|error| StoreError::UnreadableRow(error.to_string()))
}

fn row_from_text(table: Table, text: &str) -> Result<Row, StoreError> {
    let columns = serde_json::from_str(text).map_err(|error| StoreError::UnreadableRow(error.to_string()))?;
    Row::from_pg_json(table, &columns).map_err(|error| StoreError::UnreadableRow(error.to_string()))
}
