//! The outbox and its history: what was tapped and exists nowhere else.
//!
//! **Invariant:** `seq` never comes twice, and a record is in the outbox or in the history, never in both.

use super::{
    connection::{Access, Connection},
    error::StoreError,
    layout::{HISTORY, NOTES, OUTBOX, PLACES, ROWS, SEQ_NOTE, SNAPSHOTS},
    notes, records,
    rows::{self, Standing},
    session,
};
use domain::{Row, RowId, Table, UserId, WriteId};
use indexed_db_futures::{BuildPrimitive, KeyRange, object_store::ObjectStore, query_source::QuerySource, transaction::Transaction};
use std::collections::{HashMap, HashSet};
use sync::{Amendment, OutboxRecord, ShapeBatch, Stored};
use wasm_bindgen::JsValue;

/// See [`sync::Store::enqueue`].
///
/// A connection knows the last number that it has seen. What is stored behind that one need not be read before: that no other tab has given
/// a number meanwhile is found out within the same transaction.
pub async fn enqueue(connection: &Connection, drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, StoreError> {
    if let Some(last) = connection.last_seq() {
        match enqueue_behind(connection, drafts.clone(), Some(last)).await {
            Err(StoreError::Overtaken) => {}
            done => return done,
        }
    }
    enqueue_behind(connection, drafts, None).await
}

/// Behind the number that is expected to be the last; or behind the last one, which is read first.
async fn enqueue_behind(connection: &Connection, mut drafts: Vec<OutboxRecord>, expected: Option<u64>) -> Result<Vec<OutboxRecord>, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let Some(expected) = expected else {
            let seq = enqueue_in(transaction, &mut drafts).await?;
            return Ok((drafts, seq));
        };
        let (outbox, notes) = (transaction.object_store(OUTBOX)?, transaction.object_store(NOTES)?);
        // Asked before anything is written, and waited for behind that.
        let last = asked_seq(&notes)?;
        let seq = put_behind(&outbox, &notes, &mut drafts, expected)?;
        match last.await? == expected {
            true => Ok((drafts, seq)),
            false => Err(StoreError::Overtaken),
        }
    };
    let (stored, seq) = connection.transact(&[OUTBOX, NOTES], Access::WriteDurably, work).await?;
    connection.note_seq(seq);
    Ok(stored)
}

/// Gives the last number.
fn put_behind(outbox: &ObjectStore<'_>, notes: &ObjectStore<'_>, drafts: &mut [OutboxRecord], last: u64) -> Result<u64, StoreError> {
    let mut seq = last;
    for draft in drafts {
        seq += 1;
        draft.seq = seq;
        put(outbox, draft)?;
    }
    notes::write(notes, SEQ_NOTE, Some(&seq.to_string()))?;
    Ok(seq)
}

/// Gives each the next number, inside a transaction over outbox and notes. Gives the last one.
pub async fn enqueue_in(transaction: &Transaction<'_>, drafts: &mut [OutboxRecord]) -> Result<u64, StoreError> {
    let (outbox, notes) = (transaction.object_store(OUTBOX)?, transaction.object_store(NOTES)?);
    let last = last_seq(&notes).await?;
    put_behind(&outbox, &notes, drafts, last)
}

/// The same for drafts of which nobody knows whether they were stored: the ones that were come back as they stand.
pub async fn enqueue_again(connection: &Connection, drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, StoreError> {
    let ids: Vec<WriteId> = drafts.iter().map(|draft| draft.write_id).collect();
    let mut stored = find(connection, &ids).await?;
    let is_missing = |draft: &OutboxRecord| !stored.iter().any(|known| known.write_id == draft.write_id);
    let missing: Vec<OutboxRecord> = drafts.into_iter().filter(is_missing).collect();
    if !missing.is_empty() {
        stored.extend(enqueue(connection, missing).await?);
    }
    Ok(stored)
}

/// Writes by their ids, unsettled or over; those that are not here are left out.
pub async fn find(connection: &Connection, ids: &[WriteId]) -> Result<Vec<OutboxRecord>, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let (outbox, history) = (transaction.object_store(OUTBOX)?, transaction.object_store(HISTORY)?);
        let mut stored = Vec::new();
        for id in ids.iter().map(WriteId::to_string) {
            let found: Option<JsValue> = match outbox.get(id.clone()).primitive()?.await? {
                None => history.get(id).primitive()?.await?,
                found => found,
            };
            stored.extend(found.as_ref().map(records::read).and_then(Stored::record));
        }
        Ok(stored)
    };
    connection.transact(&[OUTBOX, HISTORY], Access::Read, work).await
}

/// See [`sync::Store::outbox`]. Given an `owner`, it shows nothing once somebody else is signed in: what is missing then may lie sealed.
pub async fn outbox(connection: &Connection, owner: Option<UserId>) -> Result<Vec<Stored>, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        session::demand_owner(transaction, owner).await?;
        raw(&transaction.object_store(OUTBOX)?).await
    };
    let mut stored: Vec<Stored> = records::read_all(&connection.transact(&[OUTBOX, NOTES], Access::Read, work).await?);
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
        let Some(stretch) = Stretch::read(&outbox, &amendments).await? else {
            return Ok(true);
        };
        if !amendments.iter().all(|amendment| stretch.is_fresh(amendment)) {
            return Ok(false);
        }
        let synced = synced_rows(transaction, &amendments).await?;
        let awaiting = amendments.iter().map(|amendment| &amendment.record).filter(|record| record.awaits_echo());
        let read_through = read_through(transaction, awaiting.map(|record| record.table).collect()).await?;
        let mut over = Vec::new();
        for amendment in amendments {
            let row = synced.get(&(amendment.record.table, amendment.record.row_id));
            let is_known = row.is_some() || !amendment.record.awaits_echo() || read_through.contains(&amendment.record.table);
            // Where a table has not come yet, was cleared or is half read, a row that is not there says nothing: its echo is still to come.
            let record = if is_known { amendment.resolve(row) } else { amendment.record };
            match record.state.is_over() {
                true => {
                    put(&history, &record)?;
                    over.push(record.write_id);
                }
                false => put(&outbox, &record)?,
            }
        }
        stretch.remove(&outbox, &over)?;
        Ok(true)
    };
    connection
        .transact(&[OUTBOX, HISTORY, ROWS, SNAPSHOTS, PLACES], Access::WriteDurably, work)
        .await
}

/// See [`sync::Store::history`].
pub async fn history(connection: &Connection, most: usize) -> Result<Vec<OutboxRecord>, StoreError> {
    let work = async |transaction: &Transaction<'_>| raw(&transaction.object_store(HISTORY)?).await;
    let stored = records::read_all(&connection.transact(&[HISTORY], Access::Read, work).await?);
    let mut records: Vec<_> = stored.into_iter().filter_map(Stored::record).collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.seq));
    records.truncate(most);
    Ok(records)
}

/// See [`sync::Store::forget_history`].
pub async fn forget_history(connection: &Connection, ids: &[WriteId]) -> Result<(), StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let history = transaction.object_store(HISTORY)?;
        ids.iter().try_for_each(|id| remove(&history, *id))
    };
    connection.transact(&[HISTORY], Access::Write, work).await
}

/// Moves the acknowledged records whose echo a batch brings to the history; part of the batch's transaction.
/// `standing` are the rows that the batch has changed.
pub async fn settle(transaction: &Transaction<'_>, batch: &ShapeBatch, standing: &Standing) -> Result<Vec<WriteId>, StoreError> {
    let (outbox, history) = (transaction.object_store(OUTBOX)?, transaction.object_store(HISTORY)?);
    let acked: Vec<JsValue> = raw(&outbox).await?.into_iter().filter(records::is_acked).collect();
    let acked: Vec<OutboxRecord> = records::read_all(&acked)
        .into_iter()
        .filter_map(Stored::record)
        .filter(|record| record.table == batch.table)
        .collect();
    let unchanged: Vec<RowId> = acked.iter().map(|record| record.row_id).filter(|id| !standing.contains_key(id)).collect();
    let unchanged: HashMap<RowId, Row> = rows::some(transaction, batch.table, &unchanged)
        .await?
        .into_iter()
        .map(|row| (row.id(), row))
        .collect();
    let mut settled = Vec::new();
    for record in acked {
        let row = standing.get(&record.row_id).map_or_else(|| unchanged.get(&record.row_id), Option::as_ref);
        let Some(heard) = batch.heard_by(&record, row) else { continue };
        keep(&outbox, &history, &heard)?;
        if heard.state.is_over() {
            settled.push(heard.write_id);
        }
    }
    Ok(settled)
}

/// The last number that was given.
pub async fn last_seq(notes: &ObjectStore<'_>) -> Result<u64, StoreError> {
    asked_seq(notes)?.await
}

/// The same; the question goes out at once.
fn asked_seq(notes: &ObjectStore<'_>) -> Result<impl Future<Output = Result<u64, StoreError>> + use<>, StoreError> {
    let answer = notes.get::<String, _, _>(SEQ_NOTE).primitive()?;
    Ok(async move { Ok(answer.await?.and_then(|text: String| text.parse().ok()).unwrap_or(0)) })
}

/// What the outbox holds from the first of some writes to the last: a batch's were made one after the other, and so are their keys. So it is
/// read in one piece, and goes in one where all of it is over.
struct Stretch {
    range: KeyRange<String>,
    /// By key; none where it is no record that this app understands.
    revisions: HashMap<String, Option<u64>>,
}

impl Stretch {
    /// Nothing where nothing is to be amended.
    async fn read(outbox: &ObjectStore<'_>, amendments: &[Amendment]) -> Result<Option<Self>, StoreError> {
        let ids = amendments.iter().map(|amendment| amendment.record.write_id);
        let (Some(first), Some(last)) = (ids.clone().min(), ids.max()) else {
            return Ok(None);
        };
        let range = KeyRange::Bound(first.to_string(), false, last.to_string(), false);
        let stored = outbox.get_all::<JsValue>().with_query::<String, _>(range.clone()).primitive()?.await?;
        let stored: Vec<JsValue> = stored.collect::<Result<_, _>>()?;
        let revisions = stored
            .iter()
            .filter_map(|stored| Some((records::id(stored)?, records::revision(stored))))
            .collect();
        Ok(Some(Self { range, revisions }))
    }

    fn is_fresh(&self, amendment: &Amendment) -> bool {
        self.revisions.get(&amendment.record.write_id.to_string()) == Some(&Some(amendment.expected_revision))
    }

    /// Removes what is over. The requests go out at once; should one fail, the transaction does not commit.
    fn remove(&self, outbox: &ObjectStore<'_>, over: &[WriteId]) -> Result<(), StoreError> {
        if over.len() < self.revisions.len() {
            return over.iter().try_for_each(|id| remove(outbox, *id));
        }
        drop(outbox.delete::<String, _>(self.range.clone()).primitive()?);
        Ok(())
    }
}

/// Those of the tables whose log was read to its end. Asked once for each: there may be a hundred records of one.
async fn read_through(transaction: &Transaction<'_>, mut tables: HashSet<Table>) -> Result<HashSet<Table>, StoreError> {
    for table in tables.clone() {
        if !rows::is_read_through(transaction, table).await? {
            tables.remove(&table);
        }
    }
    Ok(tables)
}

/// The rows in which an echo may be here already; others are not read.
async fn synced_rows(transaction: &Transaction<'_>, amendments: &[Amendment]) -> Result<HashMap<(Table, RowId), Row>, StoreError> {
    let mut synced = HashMap::new();
    for table in Table::ALL {
        let awaiting = amendments
            .iter()
            .map(|amendment| &amendment.record)
            .filter(|record| record.table == table && record.awaits_echo());
        let ids: Vec<RowId> = awaiting.map(|record| record.row_id).collect();
        synced.extend(rows::some(transaction, table, &ids).await?.into_iter().map(|row| ((table, row.id()), row)));
    }
    Ok(synced)
}

/// Stores a record where it belongs: what is over becomes history.
pub fn keep(outbox: &ObjectStore<'_>, history: &ObjectStore<'_>, record: &OutboxRecord) -> Result<(), StoreError> {
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

/// What lies in a store, as stored.
pub async fn raw(store: &ObjectStore<'_>) -> Result<Vec<JsValue>, StoreError> {
    let values = store.get_all::<JsValue>().primitive()?.await?;
    Ok(values.collect::<Result<_, _>>()?)
}
