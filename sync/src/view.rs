//! The view: synced rows with the overlay of unsettled writes, maintained and never recomputed.
//!
//! Each change touches the rows it names and the groups (indexed column values) these rows are in; what it
//! touched is returned, so that exactly their subscribers follow. The cost is independent of how many rows
//! and writes there are.
//!
//! **Invariant:** `shown(row) = overlay(row's writes in order, synced(row))`, whatever order things came in.

use crate::{
    outbox::{OutboxRecord, WriteState, merge::lay_over},
    shape_stream::{RowChange, ShapeBatch},
};
use domain::{Row, RowId, Table, Value, WriteId};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Columns that screens list rows by.
const GROUPED: [(Table, &str); 4] = [
    (Table::Turns, "stage_id"),
    (Table::Turns, "property_id"),
    (Table::ScopeItems, "turn_id"),
    (Table::Documents, "entity_id"),
];

/// The rows that share a value in an indexed column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// Which table.
    pub table: Table,
    /// One of the indexed columns.
    pub column: &'static str,
    /// The shared value.
    pub value: Value,
}

/// What a change touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Rows that look different, came or went, or whose mark changed.
    pub rows: HashSet<(Table, RowId)>,
    /// Groups whose members changed.
    pub groups: HashSet<Group>,
    /// Tables in which rows came or went.
    pub tables: HashSet<Table>,
}

/// What a row's unsettled writes say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Everything is with the server.
    Saved,
    /// Something is held for a supervisor.
    Held,
    /// Something has not been sent.
    Waiting,
    /// Something was refused and waits for its user.
    NeedsYou,
}

/// One user's view of this device's data.
#[derive(Debug, Default)]
pub struct LocalView {
    synced: HashMap<(Table, RowId), Row>,
    /// Only rows whose overlay makes them look different from `synced`; `None` hides a row.
    overlaid: HashMap<(Table, RowId), Option<Row>>,
    writes: HashMap<WriteId, OutboxRecord>,
    /// Unsettled writes by row, in order of `seq`.
    by_row: HashMap<(Table, RowId), Vec<WriteId>>,
    ids: HashMap<Table, BTreeSet<RowId>>,
    groups: HashMap<Group, BTreeSet<RowId>>,
}

/// Reading.
impl LocalView {
    /// A row as it is shown.
    pub fn row(&self, table: Table, id: RowId) -> Option<&Row> {
        match self.overlaid.get(&(table, id)) {
            Some(overlaid) => overlaid.as_ref(),
            None => self.synced.get(&(table, id)),
        }
    }

    /// The row as the server had it when it was last heard of.
    pub fn synced_row(&self, table: Table, id: RowId) -> Option<&Row> {
        self.synced.get(&(table, id))
    }

    /// All rows of a table as shown, in order of their ids (that is, of their making).
    pub fn rows(&self, table: Table) -> impl Iterator<Item = &Row> {
        self.ids.get(&table).into_iter().flatten().filter_map(move |id| self.row(table, *id))
    }

    /// The rows with `value` in an indexed column, in order of their ids.
    pub fn group(&self, table: Table, column: &'static str, value: Value) -> impl Iterator<Item = &Row> {
        debug_assert!(GROUPED.contains(&(table, column)), "{table:?}.{column} is not indexed");
        self.groups
            .get(&Group { table, column, value })
            .into_iter()
            .flatten()
            .filter_map(move |id| self.row(table, *id))
    }

    /// How many rows a table shows.
    pub fn count(&self, table: Table) -> usize {
        self.ids.get(&table).map_or(0, BTreeSet::len)
    }

    /// Unsettled writes to a row, the oldest first.
    pub fn unsettled_writes(&self, table: Table, id: RowId) -> impl Iterator<Item = &OutboxRecord> {
        self.by_row.get(&(table, id)).into_iter().flatten().filter_map(|id| self.writes.get(id))
    }

    /// Stored writes that are not in `records`, the outbox as the store has it now, with their rows: they are over. Whoever takes that outbox
    /// in reads these rows before: an echo settles its write in the moment in which its row is stored, and a tab that hears of the one before
    /// the other would show the old value in between.
    pub fn over_in(&self, records: &[OutboxRecord]) -> BTreeMap<WriteId, (Table, RowId)> {
        let open: HashSet<WriteId> = records.iter().map(|record| record.write_id).collect();
        let over = self.writes.values().filter(|record| record.seq != 0 && !open.contains(&record.write_id));
        over.map(|record| (record.write_id, (record.table, record.row_id))).collect()
    }

    /// All unsettled writes, in no order.
    pub fn writes(&self) -> impl Iterator<Item = &OutboxRecord> {
        self.writes.values()
    }

    /// What a row's card should say about sending.
    pub fn mark(&self, table: Table, id: RowId) -> Mark {
        let mark = |record: &OutboxRecord| match record.state {
            state if state.needs_user() => Mark::NeedsYou,
            state if state.is_waiting() => Mark::Waiting,
            WriteState::Held => Mark::Held,
            _ => Mark::Saved,
        };
        self.unsettled_writes(table, id).map(mark).max().unwrap_or(Mark::Saved)
    }

    /// The row's latest version known to be the server's: from the shape, or from a receipt that was faster.
    pub fn known_version(&self, table: Table, id: RowId) -> Option<i64> {
        let synced = self.synced.get(&(table, id)).map(Row::version);
        let receipted = self.unsettled_writes(table, id).filter_map(|record| record.receipt.as_ref()?.version).max();
        synced.max(receipted)
    }
}

/// Changing.
impl LocalView {
    /// Takes a batch of a shape.
    pub fn apply_shape(&mut self, batch: &ShapeBatch) -> Touched {
        let mut touched = Touched::default();
        if batch.reset {
            let kept: HashSet<RowId> = batch.changes.iter().filter_map(RowChange::put_id).collect();
            let gone: Vec<RowId> = self
                .synced
                .keys()
                .filter(|(table, id)| *table == batch.table && !kept.contains(id))
                .map(|(_, id)| *id)
                .collect();
            for id in gone {
                self.change_row(batch.table, id, &mut touched, |synced| *synced = None);
            }
        }
        for change in &batch.changes {
            self.change_row(batch.table, change.id(), &mut touched, |synced| change.apply_to(synced));
        }
        touched
    }

    /// Takes rows as the store has them: those of `ids` that are not in `rows` are gone.
    pub fn replace_rows(&mut self, table: Table, ids: &[RowId], rows: Vec<Row>) -> Touched {
        let mut touched = Touched::default();
        let mut rows: HashMap<RowId, Row> = rows.into_iter().map(|row| (row.id(), row)).collect();
        for id in ids {
            let row = rows.remove(id);
            self.change_row(table, *id, &mut touched, |synced| *synced = row);
        }
        touched
    }

    /// Takes a whole table from the store.
    pub fn load_table(&mut self, table: Table, rows: Vec<Row>) -> Touched {
        let mut ids: HashSet<RowId> = self.synced.keys().filter(|(of, _)| *of == table).map(|(_, id)| *id).collect();
        ids.extend(rows.iter().map(Row::id));
        let ids: Vec<RowId> = ids.into_iter().collect();
        self.replace_rows(table, &ids, rows)
    }

    /// Takes a new or amended write. One that is over goes.
    pub fn put_write(&mut self, record: OutboxRecord) -> Touched {
        let key = (record.table, record.row_id);
        let id = record.write_id;
        if record.state.is_over() {
            return self.remove_write(id);
        }
        // Its user may have decided that it is about another row.
        let has_moved = self.writes.get(&id).is_some_and(|known| (known.table, known.row_id) != key);
        let mut touched = if has_moved { self.remove_write(id) } else { Touched::default() };
        let is_new = self.writes.insert(id, record).is_none();
        let before = self.standing(key);
        if is_new {
            self.by_row.entry(key).or_default().push(id);
        }
        self.order_writes(key);
        self.refresh(key, before, &mut touched);
        touched
    }

    /// Forgets a write: it is settled, discarded, or could not be stored.
    pub fn remove_write(&mut self, id: WriteId) -> Touched {
        let mut touched = Touched::default();
        let Some(record) = self.writes.get(&id) else { return touched };
        let key = (record.table, record.row_id);
        let before = self.standing(key);
        self.writes.remove(&id);
        if let Some(writes) = self.by_row.get_mut(&key) {
            writes.retain(|other| *other != id);
            if writes.is_empty() {
                self.by_row.remove(&key);
            }
        }
        self.refresh(key, before, &mut touched);
        touched
    }

    /// Takes the outbox as the store has it: writes that are not in it are over.
    pub fn load_outbox(&mut self, records: Vec<OutboxRecord>) -> Touched {
        let mut touched = Touched::default();
        let stored: HashSet<WriteId> = records.iter().map(|record| record.write_id).collect();
        // A tap that is shown but not stored yet has no `seq`; it is not for the store to take it away.
        let over: Vec<WriteId> = self
            .writes
            .values()
            .filter(|record| record.seq != 0 && !stored.contains(&record.write_id))
            .map(|record| record.write_id)
            .collect();
        for id in over {
            touched.extend(self.remove_write(id));
        }
        for record in records {
            if self
                .writes
                .get(&record.write_id)
                .is_none_or(|known| known.seq == 0 || known.revision < record.revision)
            {
                touched.extend(self.put_write(record));
            }
        }
        touched
    }

    fn order_writes(&mut self, key: (Table, RowId)) {
        let writes = &self.writes;
        if let Some(ids) = self.by_row.get_mut(&key) {
            // Not stored yet means latest.
            ids.sort_by_key(|id| writes.get(id).map(|record| if record.seq == 0 { u64::MAX } else { record.seq }));
        }
    }

    fn change_row(&mut self, table: Table, id: RowId, touched: &mut Touched, change: impl FnOnce(&mut Option<Row>)) {
        let before = self.standing((table, id));
        let mut synced = self.synced.remove(&(table, id));
        change(&mut synced);
        if let Some(row) = synced {
            self.synced.insert((table, id), row);
        }
        self.refresh((table, id), before, touched);
    }

    /// Works out the overlay of one row anew and moves it between groups.
    fn refresh(&mut self, key: (Table, RowId), before: Option<Vec<Group>>, touched: &mut Touched) {
        let overlay: Vec<&OutboxRecord> = self.unsettled_writes(key.0, key.1).filter(|record| record.state.is_overlaid()).collect();
        if overlay.is_empty() {
            self.overlaid.remove(&key);
        } else {
            let synced = self.synced.get(&key).cloned();
            let synced_version = synced.as_ref().map(Row::version);
            let not_contained = |record: &&&OutboxRecord| !is_contained(record, synced_version);
            let shown = overlay.iter().filter(not_contained).fold(synced, |row, record| lay_over(record, row));
            self.overlaid.insert(key, shown);
        }
        self.regroup(key, before, touched);
        touched.rows.insert(key);
    }

    /// The groups that a row is in as it is shown; `None` where it is not shown.
    fn standing(&self, (table, id): (Table, RowId)) -> Option<Vec<Group>> {
        let row = self.row(table, id)?;
        let columns = GROUPED.iter().filter(|(of, _)| *of == table);
        Some(
            columns
                .map(|(_, column)| Group {
                    table,
                    column,
                    value: row.get(column).clone(),
                })
                .collect(),
        )
    }

    fn regroup(&mut self, key: (Table, RowId), before: Option<Vec<Group>>, touched: &mut Touched) {
        let (table, id) = key;
        let after = self.standing(key);
        if before.is_some() != after.is_some() {
            let ids = self.ids.entry(table).or_default();
            if after.is_some() {
                ids.insert(id)
            } else {
                ids.remove(&id)
            };
            touched.tables.insert(table);
        }
        let (old, new) = (before.unwrap_or_default(), after.unwrap_or_default());
        for left in old.iter().filter(|group| !new.contains(group)) {
            if let Some(members) = self.groups.get_mut(left) {
                members.remove(&id);
            }
        }
        for entered in new.iter().filter(|group| !old.contains(group)) {
            self.groups.entry(entered.clone()).or_default().insert(id);
        }
        touched.groups.extend(old.iter().filter(|group| !new.contains(group)).cloned());
        touched.groups.extend(new.into_iter().filter(|group| !old.contains(group)));
    }
}

/// An acknowledged write that the synced row already has (and perhaps others' later changes on it).
fn is_contained(record: &OutboxRecord, synced_version: Option<i64>) -> bool {
    let receipted = record
        .receipt
        .as_ref()
        .filter(|_| record.state == WriteState::Acked)
        .and_then(|receipt| receipt.version);
    receipted.is_some_and(|version| synced_version >= Some(version))
}

impl Touched {
    /// Adds what another change touched.
    pub fn extend(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.groups.extend(other.groups);
        self.tables.extend(other.tables);
    }
}
