//! The view: synced rows with the overlay of unsettled writes, maintained and never recomputed.
//!
//! Each change touches the rows it names and the lists ([`Group`]) these rows are in; what it touched is returned, so that exactly their
//! subscribers follow. The cost is independent of how many rows and writes there are. A whole table is built beside the view ([`TableView`])
//! and put in its place at once.
//!
//! **Invariant:** `shown(row) = overlay(row's writes in order, synced(row))`, whatever order things came in.

mod concerns;

use crate::{
    outbox::{OutboxRecord, WriteState, merge::lay_over},
    shape_stream::{RowChange, ShapeBatch},
};
use concerns::Concerns;
use domain::{Row, RowId, Table, Value, WriteId};
use std::collections::{BTreeMap, HashMap, HashSet};
use table::Standing;

pub use ranked::Ranked;
pub use table::TableView;

mod ranked;
mod table;

/// The rows that share a value in a listed column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// Which table.
    pub table: Table,
    /// One of the listed columns.
    pub column: &'static str,
    /// The shared value.
    pub value: Value,
}

/// What a change touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Rows that look different, came or went, or whose mark changed.
    pub rows: HashSet<(Table, RowId)>,
    /// Groups whose members, or their order, changed.
    pub groups: HashSet<Group>,
    /// Tables in which rows came or went.
    pub tables: HashSet<Table>,
    /// Turns of which an unsettled write came, went or was amended.
    pub turns: HashSet<RowId>,
    /// Tables that came anew: any of their rows and groups may look different.
    pub whole: HashSet<Table>,
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
#[derive(Debug)]
pub struct LocalView {
    /// In the order of [`Table::ALL`].
    tables: Vec<TableView>,
    /// Only rows whose overlay makes them look different from the synced ones; `None` hides a row.
    overlaid: HashMap<(Table, RowId), Option<Row>>,
    writes: HashMap<WriteId, OutboxRecord>,
    /// Unsettled writes by row, in order of `seq`.
    by_row: HashMap<(Table, RowId), Vec<WriteId>>,
    concerns: Concerns,
}

impl Default for LocalView {
    fn default() -> Self {
        Self {
            tables: Table::ALL.into_iter().map(TableView::new).collect(),
            overlaid: HashMap::new(),
            writes: HashMap::new(),
            by_row: HashMap::new(),
            concerns: Concerns::default(),
        }
    }
}

/// Reading.
impl LocalView {
    /// A row as it is shown.
    pub fn row(&self, table: Table, id: RowId) -> Option<&Row> {
        match self.overlaid.get(&(table, id)) {
            Some(overlaid) => overlaid.as_ref(),
            None => self.synced_row(table, id),
        }
    }

    /// The row as the server had it when it was last heard of.
    pub fn synced_row(&self, table: Table, id: RowId) -> Option<&Row> {
        self.table(table).synced(id)
    }

    /// All rows of a table as shown, in order of their ids (that is, of their making).
    pub fn rows(&self, table: Table) -> impl Iterator<Item = &Row> {
        self.table(table).ids().iter().filter_map(move |id| self.row(table, *id))
    }

    /// The rows with `value` in a listed column, in the list's order.
    pub fn group(&self, table: Table, column: &'static str, value: Value) -> impl Iterator<Item = &Row> {
        let ids = self.list(table, column, &value).map(Ranked::iter);
        ids.into_iter().flatten().filter_map(move |id| self.row(table, id))
    }

    /// The same rows' ids, of which a screen may want a window; `None` where there are none.
    pub fn list(&self, table: Table, column: &'static str, value: &Value) -> Option<&Ranked> {
        self.table(table).group(column, value)
    }

    /// How many rows a table shows.
    pub fn count(&self, table: Table) -> usize {
        self.table(table).ids().len()
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

    /// One unsettled write.
    pub fn write(&self, id: WriteId) -> Option<&OutboxRecord> {
        self.writes.get(&id)
    }

    /// Unsettled writes to a turn, its scope, its documents and its approvals, the oldest first; also to what is not shown, or not any more.
    pub fn writes_about(&self, turn: RowId) -> Vec<&OutboxRecord> {
        let mut writes: Vec<_> = self.concerns.writes(turn).filter_map(|id| self.writes.get(id)).collect();
        writes.sort_by_key(|record| order(record));
        writes
    }

    /// The turn that an unsettled write is about.
    pub fn turn_of(&self, id: WriteId) -> Option<RowId> {
        self.concerns.turn(id)
    }

    /// All unsettled writes, in no order.
    pub fn writes(&self) -> impl Iterator<Item = &OutboxRecord> {
        self.writes.values()
    }

    /// What a row's card should say about sending.
    pub fn mark(&self, table: Table, id: RowId) -> Mark {
        Mark::of(self.unsettled_writes(table, id))
    }

    /// The row's latest version known to be the server's: from the shape, or from a receipt that was faster.
    pub fn known_version(&self, table: Table, id: RowId) -> Option<i64> {
        let synced = self.synced_row(table, id).map(Row::version);
        let receipted = self.unsettled_writes(table, id).filter_map(|record| record.receipt.as_ref()?.version).max();
        synced.max(receipted)
    }
}

/// Changing.
impl LocalView {
    /// Takes a batch of a shape. One that replaces a large table is better taken in slices: see [`Self::take_table`].
    pub fn apply_shape(&mut self, batch: &ShapeBatch) -> Touched {
        if batch.reset {
            let mut table = TableView::new(batch.table);
            table.take(&batch.changes);
            return self.take_table(table);
        }
        self.apply_changes(batch.table, &batch.changes)
    }

    /// Takes some changes of a table, in the log's order.
    pub fn apply_changes(&mut self, table: Table, changes: &[RowChange]) -> Touched {
        let mut touched = Touched::default();
        for change in changes {
            self.change_row(table, change.id(), &mut touched, |synced| change.apply_to(synced));
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
        let mut built = TableView::new(table);
        rows.into_iter().for_each(|row| built.put(row));
        self.take_table(built)
    }

    /// Takes a table that was built beside the view, and lays the unsettled writes over it.
    pub fn take_table(&mut self, built: TableView) -> Touched {
        let table = built.table();
        *self.table_mut(table) = built;
        let mut touched = Touched::default();
        let written: Vec<RowId> = self.by_row.keys().filter(|(of, _)| *of == table).map(|(_, id)| *id).collect();
        for id in written {
            self.overlaid.remove(&(table, id));
            let before = self.standing((table, id));
            self.note_turns(table, id, &mut touched);
            self.refresh((table, id), before, &mut touched);
        }
        touched.tables.insert(table);
        touched.whole.insert(table);
        touched
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
        let turn = concerns::turn_of(self, &record);
        touched.turns.extend(self.concerns.note(id, turn));
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
        touched.turns.extend(self.concerns.forget(id));
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
            ids.sort_by_key(|id| writes.get(id).map(order));
        }
    }

    fn change_row(&mut self, table: Table, id: RowId, touched: &mut Touched, change: impl FnOnce(&mut Option<Row>)) {
        let before = self.standing((table, id));
        let mut synced = self.synced_row(table, id).cloned();
        change(&mut synced);
        self.table_mut(table).set_synced(id, synced);
        self.note_turns(table, id, touched);
        self.refresh((table, id), before, touched);
    }

    /// A write of an older envelope says which turn it is about only through its row.
    fn note_turns(&mut self, table: Table, id: RowId, touched: &mut Touched) {
        let unknown = self.unsettled_writes(table, id).filter(|record| self.concerns.turn(record.write_id).is_none());
        let found: Vec<_> = unknown.map(|record| (record.write_id, concerns::turn_of(self, record))).collect();
        for (write, turn) in found.into_iter().filter(|(_, turn)| turn.is_some()) {
            touched.turns.extend(self.concerns.note(write, turn));
        }
    }

    /// Works out the overlay of one row anew and moves it between groups.
    fn refresh(&mut self, key: (Table, RowId), before: Option<Standing>, touched: &mut Touched) {
        let is_laid_over = |record: &&OutboxRecord| record.state.is_overlaid() || record.has_lost_its_row();
        let overlay: Vec<&OutboxRecord> = self.unsettled_writes(key.0, key.1).filter(is_laid_over).collect();
        if overlay.is_empty() {
            self.overlaid.remove(&key);
        } else {
            let synced = self.synced_row(key.0, key.1).cloned();
            let synced_version = synced.as_ref().map(Row::version);
            let not_contained = |record: &&&OutboxRecord| !is_contained(record, synced_version);
            let lay = |row, record: &&OutboxRecord| if record.has_lost_its_row() { None } else { lay_over(record, row) };
            let shown = overlay.iter().filter(not_contained).fold(synced, lay);
            self.overlaid.insert(key, shown);
        }
        let after = self.standing(key);
        if before.is_some() != after.is_some() {
            touched.tables.insert(key.0);
        }
        let table = self.table_mut(key.0);
        table.move_row(key.1, before.as_ref(), after.as_ref(), |group| {
            touched.groups.insert(group);
        });
        touched.rows.insert(key);
    }

    /// Where a row stands in its table's lists as it is shown; `None` where it is not shown.
    fn standing(&self, (table, id): (Table, RowId)) -> Option<Standing> {
        self.row(table, id).map(|row| self.table(table).standing(row))
    }

    fn table(&self, table: Table) -> &TableView {
        &self.tables[place_of(table)]
    }

    fn table_mut(&mut self, table: Table) -> &mut TableView {
        &mut self.tables[place_of(table)]
    }
}

/// Where a table stands in [`Table::ALL`], which has them all.
fn place_of(table: Table) -> usize {
    Table::ALL.iter().position(|other| *other == table).unwrap_or_default()
}

/// Not stored yet means latest.
fn order(record: &OutboxRecord) -> u64 {
    if record.seq == 0 { u64::MAX } else { record.seq }
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
        self.turns.extend(other.turns);
        self.whole.extend(other.whole);
    }
}
