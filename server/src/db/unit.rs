//! A unit of work: many writes decided in memory, written in bulk.
//!
//! A write asks for some ten rows and leaves five behind. Statement by statement that is what it costs; a unit reads what
//! all of its writes will ask for at once, lets each be decided over what the ones before it left, and writes rows, log,
//! audit and receipts with a few statements at the end. A part can be taken back without a word to the database.
//!
//! **Invariant:** what is found through a unit is what the database would say had every kept change been written at once;
//! nothing is durable, and nobody told of it, before [`Unit::commit`].

mod flush;
mod part;
mod staged;

use super::{
    Change, Transaction,
    changes::Place,
    counters,
    entity::{approval_threshold, audit_log, receipt, turn_stage_history},
    rows,
};
use crate::problem::Result;
use domain::{Row, RowId, Table, Timestamp, Value, WriteId, approval::Thresholds};
use staged::{Known, Staged};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Deref,
};

/// One transaction's reads and changes. Dropped without [`Unit::commit`], it leaves nothing.
pub struct Unit {
    tx: Transaction,
    rows: HashMap<(Table, RowId), Known>,
    /// Which rows the database has under a value; what this unit changed is looked through beside.
    lists: HashMap<(Table, &'static str, Value), Vec<RowId>>,
    receipts: HashMap<WriteId, Option<receipt::Model>>,
    /// Counters that were read, and what they were last drawn to.
    counters: BTreeMap<String, i64>,
    thresholds: Option<Thresholds>,
    staged: Staged,
    /// Changes that the transaction holds already, in order.
    written: Vec<Change>,
}

/// One change of one row, with what the audit log says of it.
pub struct Entry {
    /// The row before; none before a create.
    pub old: Option<Row>,
    /// The row after; none after a delete.
    pub new: Option<Row>,
    /// Who did it and how. Table, row, old, new and the changed columns are filled in here.
    pub audit: audit_log::Model,
}

/// Reading.
impl Unit {
    pub(super) fn new(tx: Transaction) -> Self {
        Self {
            tx,
            rows: HashMap::new(),
            lists: HashMap::new(),
            receipts: HashMap::new(),
            counters: BTreeMap::new(),
            thresholds: None,
            staged: Staged::default(),
            written: Vec::new(),
        }
    }

    /// A row by its id.
    pub async fn find(&mut self, table: Table, id: RowId) -> Result<Option<Row>> {
        self.prefetch(table, [id]).await?;
        Ok(self.rows.get(&(table, id)).and_then(|known| known.now.clone()))
    }

    /// All rows in which a column has a value, by id.
    pub async fn all_where(&mut self, table: Table, column: &'static str, value: &Value) -> Result<Vec<Row>> {
        self.prefetch_list(table, column, [value.clone()]).await?;
        let listed = self.lists.get(&(table, column, value.clone())).into_iter().flatten().copied();
        let changed = self.changed_rows(table);
        let ids: HashSet<RowId> = listed.chain(changed).collect();
        let rows = ids.into_iter().filter_map(|id| self.rows.get(&(table, id))?.now.as_ref());
        let mut found: Vec<Row> = rows.filter(|row| row.get(column) == value).cloned().collect();
        found.sort_by_key(Row::id);
        Ok(found)
    }

    /// The first row in which a column has a value.
    pub async fn find_where(&mut self, table: Table, column: &'static str, value: &Value) -> Result<Option<Row>> {
        Ok(self.all_where(table, column, value).await?.into_iter().next())
    }

    /// Rows of a table that this unit has changed.
    fn changed_rows(&self, table: Table) -> impl Iterator<Item = RowId> {
        let written = self.written.iter().filter(move |change| change.table == table).map(|change| change.row_id);
        written.chain(self.staged.changed_rows(table))
    }

    /// What this unit has done to a row and not written yet, oldest first.
    pub fn staged_changes(&self, table: Table, id: RowId) -> impl Iterator<Item = (&Change, Timestamp)> {
        let changes = self.staged.changes.iter().map(|(change, at)| (change, *at));
        changes.filter(move |(change, _)| (change.table, change.row_id) == (table, id))
    }

    /// The receipt of a write, whoever's it is.
    pub async fn receipt(&mut self, write_id: WriteId) -> Result<Option<&receipt::Model>> {
        self.prefetch_receipts([write_id]).await?;
        Ok(self.receipts.get(&write_id).and_then(Option::as_ref))
    }

    /// From which amount somebody must approve.
    pub async fn thresholds(&mut self) -> Result<Thresholds> {
        if let Some(thresholds) = self.thresholds {
            return Ok(thresholds);
        }
        let thresholds = approval_threshold::read(&*self.tx).await?;
        self.thresholds = Some(thresholds);
        Ok(thresholds)
    }

    /// Reads rows that will be asked for, with one statement.
    pub async fn prefetch(&mut self, table: Table, ids: impl IntoIterator<Item = RowId>) -> Result<()> {
        let unknown: Vec<RowId> = ids.into_iter().filter(|id| !self.rows.contains_key(&(table, *id))).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let values: Vec<Value> = unknown.iter().map(|id| Value::Uuid(id.0)).collect();
        for row in rows::all_in(&*self.tx, table, "id", &values).await? {
            self.rows.insert((table, row.id()), Known::stored(row));
        }
        for id in unknown {
            self.rows.entry((table, id)).or_default();
        }
        Ok(())
    }

    /// Reads lists that will be asked for, with one statement.
    pub async fn prefetch_list(&mut self, table: Table, column: &'static str, values: impl IntoIterator<Item = Value>) -> Result<()> {
        let unknown: Vec<Value> = values
            .into_iter()
            .filter(|value| !self.lists.contains_key(&(table, column, value.clone())))
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut found: HashMap<Value, Vec<RowId>> = HashMap::new();
        for row in rows::all_in(&*self.tx, table, column, &unknown).await? {
            found.entry(row.get(column).clone()).or_default().push(row.id());
            self.rows.entry((table, row.id())).or_insert_with(|| Known::stored(row));
        }
        for value in unknown {
            let ids = found.remove(&value).unwrap_or_default();
            self.lists.insert((table, column, value), ids);
        }
        Ok(())
    }

    /// Reads receipts that will be asked for, with one statement.
    pub async fn prefetch_receipts(&mut self, ids: impl IntoIterator<Item = WriteId>) -> Result<()> {
        let unknown: Vec<WriteId> = ids.into_iter().filter(|id| !self.receipts.contains_key(id)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        for model in receipt::all_in(&*self.tx, &unknown).await? {
            self.receipts.insert(WriteId(model.write_id.0), Some(model));
        }
        for id in unknown {
            self.receipts.entry(id).or_default();
        }
        Ok(())
    }
}

/// Changing.
impl Unit {
    /// The position in the log of the write that is being carried out; drawn at the first call.
    pub async fn position(&mut self) -> Result<i64> {
        Ok(self.place().await?.position)
    }

    /// Draws the next number of a counter.
    pub async fn draw(&mut self, counter: &str) -> Result<i64> {
        let last = match self.counters.get(counter) {
            Some(last) => *last,
            None => counters::current(&*self.tx, counter).await?,
        };
        self.counters.insert(counter.to_owned(), last + 1);
        Ok(last + 1)
    }

    /// Changes one row, with its entries in the log and in the audit log.
    pub async fn put(&mut self, entry: Entry, at: Timestamp) -> Result<()> {
        let Some(some) = entry.new.as_ref().or(entry.old.as_ref()) else {
            return Ok(());
        };
        let (table, row_id) = (some.table(), some.id());
        self.prefetch(table, [row_id]).await?;
        let place = self.place().await?;
        let before = self.rows.entry((table, row_id)).or_default().replace(entry.new.clone());
        self.staged.rows_before.push(((table, row_id), before));
        self.staged.audit.push(entry.audit);
        self.staged.changes.push((
            Change {
                place,
                table,
                row_id,
                old: entry.old,
                new: entry.new,
            },
            at,
        ));
        self.staged.next = Some(Place { op: place.op + 2, ..place });
        Ok(())
    }

    /// Keeps the answer to an applied write.
    pub fn put_receipt(&mut self, receipt: receipt::Model) {
        let id = WriteId(receipt.write_id.0);
        self.staged.receipts.push(id);
        self.receipts.insert(id, Some(receipt));
    }

    /// Notes a turn's move between stages.
    pub fn put_stage_move(&mut self, stage_move: turn_stage_history::ActiveModel) {
        self.staged.stage_moves.push(stage_move);
    }

    async fn place(&mut self) -> Result<Place> {
        if let Some(place) = self.staged.next {
            return Ok(place);
        }
        let position = self.draw(counters::CHANGE_POSITION).await?;
        let place = Place { position, op: 0 };
        self.staged.next = Some(place);
        Ok(place)
    }
}

impl Deref for Unit {
    type Target = Transaction;
    /// For what stands beside the synced tables (accounts): reads, and statements of their own.
    fn deref(&self) -> &Transaction {
        &self.tx
    }
}
