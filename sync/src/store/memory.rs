//! A store in memory: for native tests, and the fallback where a browser gives no storage.

use super::{Amendment, Applied, Store};
use crate::{
    outbox::{OutboxRecord, Stored},
    shape_stream::{Place, RowChange, ShapeBatch},
};
use domain::{Row, RowId, Table, UserId, WriteId};
use serde_json::Value as Json;
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    convert::Infallible,
};

/// See the module.
#[derive(Debug, Default)]
pub struct MemoryStore {
    disk: RefCell<Disk>,
}

#[derive(Debug, Default)]
struct Disk {
    next_seq: u64,
    outbox: BTreeMap<WriteId, OutboxRecord>,
    history: BTreeMap<WriteId, OutboxRecord>,
    foreign: Vec<Json>,
    rows: HashMap<(Table, RowId), Row>,
    /// Where a table's stream goes on, and whether its log had an end there.
    places: HashMap<Table, (Place, bool)>,
    notes: HashMap<String, String>,
}

impl MemoryStore {
    /// Puts an envelope of another version of the app into the outbox, as if that version had.
    pub fn put_foreign_envelope(&self, raw: Json) {
        let mut disk = self.disk.borrow_mut();
        match Stored::read(raw) {
            Stored::Record(record) => {
                disk.next_seq = disk.next_seq.max(record.seq);
                disk.put(*record);
            }
            Stored::Unreadable { raw, .. } => disk.foreign.push(raw),
        }
    }

    /// Takes what another store held that can be used no longer: records with their numbers and, without their places, rows.
    pub fn take_over(&self, records: Vec<OutboxRecord>, rows: Vec<Row>) {
        let mut disk = self.disk.borrow_mut();
        for record in records {
            disk.next_seq = disk.next_seq.max(record.seq);
            disk.put(record);
        }
        disk.rows.extend(rows.into_iter().map(|row| ((row.table(), row.id()), row)));
    }

    /// Forgets all that a user wrote, who gives it up or has it sealed; also what only another version of the app can read.
    pub fn remove_writes_of(&self, user: UserId) {
        let mut disk = self.disk.borrow_mut();
        let owner = Json::from(user.to_string());
        disk.foreign.retain(|raw| raw.get("userId") != Some(&owner));
        disk.outbox.retain(|_, record| record.user_id != user);
        disk.history.retain(|_, record| record.user_id != user);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.disk.borrow_mut() = Disk::default();
    }
}

impl Store for MemoryStore {
    type Error = Infallible;

    async fn enqueue(&self, mut drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, Infallible> {
        let mut disk = self.disk.borrow_mut();
        for draft in &mut drafts {
            disk.next_seq += 1;
            draft.seq = disk.next_seq;
            disk.outbox.insert(draft.write_id, draft.clone());
        }
        Ok(drafts)
    }

    async fn outbox(&self) -> Result<Vec<Stored>, Infallible> {
        let disk = self.disk.borrow();
        let mut records: Vec<_> = disk.outbox.values().cloned().collect();
        records.sort_by_key(|record| record.seq);
        let readable = records.into_iter().map(|record| Stored::Record(Box::new(record)));
        Ok(readable.chain(disk.foreign.iter().cloned().map(Stored::read)).collect())
    }

    async fn amend(&self, amendments: Vec<Amendment>) -> Result<bool, Infallible> {
        let mut disk = self.disk.borrow_mut();
        let is_fresh = |amendment: &Amendment| {
            disk.outbox
                .get(&amendment.record.write_id)
                .is_some_and(|stored| stored.revision == amendment.expected_revision)
        };
        if !amendments.iter().all(is_fresh) {
            return Ok(false);
        }
        for amendment in amendments {
            let key = (amendment.record.table, amendment.record.row_id);
            let row = disk.rows.get(&key);
            let is_read_through = disk.places.get(&key.0).is_some_and(|(_, is_end)| *is_end);
            let is_known = row.is_some() || is_read_through || !amendment.record.awaits_echo();
            let record = if is_known { amendment.resolve(row) } else { amendment.record };
            disk.put(record);
        }
        Ok(true)
    }

    async fn history(&self, most: usize) -> Result<Vec<OutboxRecord>, Infallible> {
        let mut records: Vec<_> = self.disk.borrow().history.values().cloned().collect();
        records.sort_by_key(|record| std::cmp::Reverse(record.seq));
        records.truncate(most);
        Ok(records)
    }

    async fn forget_history(&self, ids: &[WriteId]) -> Result<(), Infallible> {
        self.disk.borrow_mut().history.retain(|id, _| !ids.contains(id));
        Ok(())
    }

    async fn apply_shape(&self, batch: &ShapeBatch) -> Result<Applied, Infallible> {
        let mut disk = self.disk.borrow_mut();
        if !batch.reset && !disk.places.contains_key(&batch.table) {
            return Ok(gap());
        }
        // Only a patch can miss its row.
        let may_miss = batch.changes.iter().any(|change| matches!(change, RowChange::Patch { .. }));
        let before = may_miss.then(|| disk.rows.clone());
        if batch.reset {
            disk.rows.retain(|(table, _), _| *table != batch.table);
        }
        let fits = batch.changes.iter().all(|change| disk.apply(batch.table, change));
        if !fits {
            disk.rows = before.unwrap_or_default();
            return Ok(gap());
        }
        disk.places.insert(batch.table, (batch.place.clone(), batch.is_up_to_date));
        let settled = disk.settle_echoed(batch);
        Ok(Applied { settled, has_gap: false })
    }

    async fn place(&self, table: Table) -> Result<Option<Place>, Infallible> {
        Ok(self.disk.borrow().places.get(&table).map(|(place, _)| place.clone()))
    }

    async fn rows(&self, table: Table) -> Result<Option<Vec<Row>>, Infallible> {
        let disk = self.disk.borrow();
        let rows: Vec<Row> = disk.rows.iter().filter(|((of, _), _)| *of == table).map(|(_, row)| row.clone()).collect();
        Ok((!rows.is_empty() || disk.places.contains_key(&table)).then_some(rows))
    }

    async fn rows_by_id(&self, table: Table, ids: &[RowId]) -> Result<Option<Vec<Row>>, Infallible> {
        let disk = self.disk.borrow();
        let is_here = disk.places.contains_key(&table);
        Ok(is_here.then(|| ids.iter().filter_map(|id| disk.rows.get(&(table, *id)).cloned()).collect()))
    }

    async fn forget_rows(&self) -> Result<(), Infallible> {
        let mut disk = self.disk.borrow_mut();
        disk.rows.clear();
        disk.places.clear();
        Ok(())
    }

    async fn note(&self, name: &str) -> Result<Option<String>, Infallible> {
        Ok(self.disk.borrow().notes.get(name).cloned())
    }

    async fn set_note(&self, name: &str, text: Option<&str>) -> Result<(), Infallible> {
        let mut disk = self.disk.borrow_mut();
        match text {
            Some(text) => disk.notes.insert(name.to_owned(), text.to_owned()),
            None => disk.notes.remove(name),
        };
        Ok(())
    }
}

/// Nothing was stored.
fn gap() -> Applied {
    Applied {
        has_gap: true,
        ..Applied::default()
    }
}

impl Disk {
    fn put(&mut self, record: OutboxRecord) {
        if record.state.is_over() {
            self.outbox.remove(&record.write_id);
            self.history.insert(record.write_id, record);
        } else {
            self.outbox.insert(record.write_id, record);
        }
    }

    /// Says whether the change met what it expected.
    fn apply(&mut self, table: Table, change: &RowChange) -> bool {
        let key = (table, change.id());
        let mut row = self.rows.remove(&key);
        let fits = row.is_some() || !matches!(change, RowChange::Patch { .. });
        change.apply_to(&mut row);
        self.rows.extend(row.map(|row| (key, row)));
        fits
    }

    fn settle_echoed(&mut self, batch: &ShapeBatch) -> Vec<WriteId> {
        let row = |record: &OutboxRecord| self.rows.get(&(record.table, record.row_id));
        let heard: Vec<_> = self.outbox.values().filter_map(|record| batch.heard_by(record, row(record))).collect();
        let settled = heard.iter().filter(|record| record.state.is_over()).map(|record| record.write_id).collect();
        heard.into_iter().for_each(|record| self.put(record));
        settled
    }
}
