//! Synced rows and the places of their streams.
//!
//! A table lies here as its snapshot and, over it, a record for each row that has changed or gone since.
//!
//! **Invariant:** rows come from shapes only, in the transaction that moves their table's place.

use super::{
    connection::{Access, Connection},
    error::StoreError,
    layout::{HISTORY, NOTES, OUTBOX, PLACES, ROWS, SNAPSHOTS, row_key, rows_of},
    outbox, session, snapshot,
    text::{self, Kept},
};
use domain::{Row, RowId, Table, UserId};
use futures::future::try_join_all;
use indexed_db_futures::{BuildPrimitive, query_source::QuerySource, transaction::Transaction};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use sync::{Applied, Place, RowChange, ShapeBatch};
use wasm_bindgen::JsValue;

/// How far a table was read, as it is stored.
#[derive(Serialize, Deserialize)]
struct Reached {
    handle: String,
    offset: String,
    /// The log had nothing more then. Earlier versions of the app did not say.
    #[serde(default)]
    is_end: bool,
}

/// Rows as they stand after a batch; `None` is gone.
pub type Standing = BTreeMap<RowId, Option<Row>>;

/// See [`sync::Store::apply_shape`]. Given an `owner`, it refuses rows once somebody else is signed in.
pub async fn apply_shape(connection: &Connection, owner: Option<UserId>, batch: &ShapeBatch) -> Result<Applied, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        session::demand_owner(transaction, owner).await?;
        if !batch.reset && read_place(transaction, batch.table).await?.is_none() {
            // Wiped under its stream: what only goes on would be taken for the whole table.
            return Ok(Applied {
                has_gap: true,
                ..Applied::default()
            });
        }
        if batch.reset {
            drop(transaction.object_store(ROWS)?.delete::<JsValue, _>(rows_of(batch.table)).primitive()?);
            snapshot::forget(transaction, batch.table)?;
        }
        let (standing, has_gap) = work_out(transaction, batch).await?;
        if has_gap {
            return Ok(Applied { has_gap, ..Applied::default() });
        }
        if batch.reset {
            snapshot::store(transaction, batch.table, &standing.values().flatten().collect::<Vec<_>>()).await?;
        } else {
            store_changed(transaction, batch.table, &standing)?;
        }
        store_place(transaction, batch)?;
        Ok(Applied {
            settled: outbox::settle(transaction, batch, &standing).await?,
            has_gap: false,
        })
    };
    connection
        .transact(&[ROWS, SNAPSHOTS, PLACES, OUTBOX, HISTORY, NOTES], Access::Write, work)
        .await
}

/// See [`sync::Store::place`].
pub async fn place(connection: &Connection, table: Table) -> Result<Option<Place>, StoreError> {
    connection
        .transact(&[PLACES], Access::Read, async |transaction: &Transaction<'_>| {
            read_place(transaction, table).await
        })
        .await
}

/// The same inside a transaction. A place that cannot be read is no place: the table begins again.
pub async fn read_place(transaction: &Transaction<'_>, table: Table) -> Result<Option<Place>, StoreError> {
    let reached = read_reached(transaction, table).await?;
    Ok(reached.map(|Reached { handle, offset, .. }| Place { handle, offset }))
}

/// Whether a table's log was read to its end, so that a row that is not here is not there.
pub async fn is_read_through(transaction: &Transaction<'_>, table: Table) -> Result<bool, StoreError> {
    Ok(read_reached(transaction, table).await?.is_some_and(|reached| reached.is_end))
}

async fn read_reached(transaction: &Transaction<'_>, table: Table) -> Result<Option<Reached>, StoreError> {
    let text: Option<String> = transaction.object_store(PLACES)?.get(table.sql_name()).primitive()?.await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// See [`sync::Store::rows`].
pub async fn rows(connection: &Connection, owner: Option<UserId>, table: Table) -> Result<Option<Vec<Row>>, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        session::demand_owner(transaction, owner).await?;
        let changed = transaction
            .object_store(ROWS)?
            .get_all::<String>()
            .with_query::<JsValue, _>(rows_of(table))
            .primitive()?;
        let snapshot = snapshot::all(transaction, table).await?;
        let changed = changed.await?.collect::<Result<Vec<String>, _>>()?;
        let is_here = !snapshot.is_empty() || !changed.is_empty() || read_place(transaction, table).await?.is_some();
        Ok(is_here.then_some((snapshot, changed)))
    };
    let read = connection.transact(&[ROWS, SNAPSHOTS, PLACES, NOTES], Access::Read, work).await?;
    let Some((mut rows, changed)) = read else { return Ok(None) };
    let mut since: HashMap<RowId, Option<Row>> = HashMap::new();
    for record in &changed {
        match text::read(table, record)? {
            Kept::Row(row) => since.insert(row.id(), Some(row.packed())),
            Kept::Gone(id) => since.insert(id, None),
        };
    }
    if !since.is_empty() {
        rows.retain(|row| !since.contains_key(&row.id()));
        rows.extend(since.into_values().flatten());
    }
    Ok(Some(rows))
}

/// See [`sync::Store::rows_by_id`].
pub async fn rows_by_id(connection: &Connection, owner: Option<UserId>, table: Table, ids: &[RowId]) -> Result<Option<Vec<Row>>, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        session::demand_owner(transaction, owner).await?;
        match read_place(transaction, table).await? {
            Some(_) => some(transaction, table, ids).await.map(Some),
            None => Ok(None),
        }
    };
    connection.transact(&[ROWS, SNAPSHOTS, PLACES, NOTES], Access::Read, work).await
}

/// See [`sync::Store::forget_rows`].
pub async fn forget_rows(connection: &Connection) -> Result<(), StoreError> {
    connection
        .transact(&[ROWS, SNAPSHOTS, PLACES], Access::Write, async |transaction: &Transaction<'_>| {
            forget(transaction)
        })
        .await
}

/// The same inside a transaction.
pub fn forget(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    for store in [ROWS, SNAPSHOTS, PLACES] {
        drop(transaction.object_store(store)?.clear()?);
    }
    Ok(())
}

/// The rows of these ids that are here: changed ones from their own records, the others from the snapshot.
pub async fn some(transaction: &Transaction<'_>, table: Table, ids: &[RowId]) -> Result<Vec<Row>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = transaction.object_store(ROWS)?;
    let record = async |id: RowId| -> Result<Option<String>, StoreError> { Ok(rows.get(row_key(table, id)).primitive()?.await?) };
    let records = try_join_all(ids.iter().map(|id| record(*id))).await?;
    let (mut found, mut unchanged) = (Vec::new(), Vec::new());
    for (id, record) in ids.iter().zip(records) {
        match record.map(|record| text::read(table, &record)).transpose()? {
            Some(Kept::Row(row)) => found.push(row),
            Some(Kept::Gone(_)) => {}
            None => unchanged.push(*id),
        }
    }
    found.extend(snapshot::some(transaction, table, &unchanged).await?);
    Ok(found)
}

/// The rows that a batch changes, as they stand after it, and whether it patched one that is not there.
async fn work_out(transaction: &Transaction<'_>, batch: &ShapeBatch) -> Result<(Standing, bool), StoreError> {
    let patched: HashSet<RowId> = batch
        .changes
        .iter()
        .filter(|change| matches!(change, RowChange::Patch { .. }))
        .map(RowChange::id)
        .collect();
    let patched: Vec<RowId> = patched.into_iter().collect();
    let known = some(transaction, batch.table, &patched).await?;
    let mut standing: Standing = known.into_iter().map(|row| (row.id(), Some(row))).collect();
    let mut has_gap = false;
    for change in &batch.changes {
        let row = standing.entry(change.id()).or_default();
        has_gap |= row.is_none() && matches!(change, RowChange::Patch { .. });
        change.apply_to(row);
    }
    Ok((standing, has_gap))
}

/// The requests go out at once; should one fail, the transaction does not commit.
fn store_changed(transaction: &Transaction<'_>, table: Table, standing: &Standing) -> Result<(), StoreError> {
    let rows = transaction.object_store(ROWS)?;
    for (id, row) in standing {
        let record = row.as_ref().map_or_else(|| Ok(text::of_gone(*id)), text::of_row)?;
        drop(rows.put(record).with_key(row_key(table, *id)).without_key_type().primitive()?);
    }
    Ok(())
}

fn store_place(transaction: &Transaction<'_>, batch: &ShapeBatch) -> Result<(), StoreError> {
    let Place { handle, offset } = batch.place.clone();
    let is_end = batch.is_up_to_date;
    let reached = serde_json::to_string(&Reached { handle, offset, is_end }).map_err(|error| StoreError::Browser(error.to_string()))?;
    drop(
        transaction
            .object_store(PLACES)?
            .put(reached)
            .with_key(batch.table.sql_name())
            .without_key_type()
            .primitive()?,
    );
    Ok(())
}
