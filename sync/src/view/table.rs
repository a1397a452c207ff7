//! One table of the view: its synced rows, and the lists that its shown rows are in.
//!
//! A table that comes whole is built beside the one that is shown, a slice between two frames, and takes its place when it is complete.
//!
//! **Invariant:** a row that is shown is in each list of its table once, under the value and the rank that it is shown with.

use super::{
    Group,
    ranked::{Rank, Ranked},
};
use crate::shape_stream::RowChange;
use domain::{Row, RowId, Table, Value};
use std::collections::{BTreeSet, HashMap};

/// Rows that share a value, in the order of another one (and then of their ids).
struct List {
    table: Table,
    column: &'static str,
    order: &'static str,
}

const fn list(table: Table, column: &'static str, order: &'static str) -> List {
    List { table, column, order }
}

/// What screens list rows by.
const LISTS: [List; 10] = [
    list(Table::Turns, "stage_id", "due_date"),
    list(Table::Turns, "property_id", "created_at"),
    list(Table::Turns, "property_manager_id", "due_date"),
    list(Table::Turns, "vendor_id", "due_date"),
    list(Table::Turns, "is_active", "due_date"),
    list(Table::Properties, "is_active", "name"),
    list(Table::Vendors, "is_active", "company_name"),
    list(Table::ScopeItems, "turn_id", "position"),
    list(Table::Documents, "entity_id", "created_at"),
    list(Table::Approvals, "turn_id", "created_at"),
];

/// See the module.
#[derive(Debug)]
pub struct TableView {
    table: Table,
    /// As the server had them.
    synced: HashMap<RowId, Row, Quick>,
    /// The rows that are shown.
    ids: BTreeSet<RowId>,
    lists: Vec<Kept>,
}

/// Ids are random enough, and looked up more often than anything else.
type Quick = foldhash::fast::RandomState;

/// One of the table's lists, by the value that its rows share.
#[derive(Debug)]
struct Kept {
    column: &'static str,
    /// The columns' positions.
    shared: usize,
    order: usize,
    groups: HashMap<Value, Ranked, Quick>,
}

/// A row's place in each list of its table.
pub type Standing = Vec<(Value, Rank)>;

impl TableView {
    /// A table without rows.
    pub fn new(table: Table) -> Self {
        let lists = LISTS.iter().filter(|list| list.table == table).filter_map(|list| {
            Some(Kept {
                column: list.column,
                shared: table.column_index(list.column)?,
                order: table.column_index(list.order)?,
                groups: HashMap::default(),
            })
        });
        Self {
            table,
            synced: HashMap::default(),
            ids: BTreeSet::new(),
            lists: lists.collect(),
        }
    }

    /// Which table.
    pub const fn table(&self) -> Table {
        self.table
    }

    /// Takes changes of a table that is being built: nothing lies over its rows yet.
    pub fn take(&mut self, changes: &[RowChange]) {
        for change in changes {
            let id = change.id();
            let mut row = self.synced.remove(&id);
            let before = row.as_ref().map(|row| self.standing(row));
            change.apply_to(&mut row);
            let after = row.as_ref().map(|row| self.standing(row));
            self.move_row(id, before.as_ref(), after.as_ref(), |_| {});
            self.set_synced(id, row);
        }
    }

    /// Takes a row of a table that is being built and does not have it.
    pub fn put(&mut self, row: Row) {
        let (id, standing) = (row.id(), self.standing(&row));
        self.move_row(id, None, Some(&standing), |_| {});
        self.synced.insert(id, row);
    }

    /// A row as the server had it.
    pub fn synced(&self, id: RowId) -> Option<&Row> {
        self.synced.get(&id)
    }

    /// Keeps a row as the server has it now; the lists follow by [`Self::move_row`].
    pub fn set_synced(&mut self, id: RowId, row: Option<Row>) {
        match row {
            // What lies in the view for long lies there packed.
            Some(row) => drop(self.synced.insert(id, row.packed())),
            None => drop(self.synced.remove(&id)),
        }
    }

    /// The rows that are shown, in order of their ids.
    pub const fn ids(&self) -> &BTreeSet<RowId> {
        &self.ids
    }

    /// The rows that share a value in a listed column.
    pub fn group(&self, column: &str, value: &Value) -> Option<&Ranked> {
        let list = self.lists.iter().find(|list| list.column == column);
        debug_assert!(list.is_some(), "{:?} is not listed by {column}", self.table);
        list?.groups.get(value)
    }

    /// Where a row that looks like this stands in the lists.
    pub fn standing(&self, row: &Row) -> Standing {
        let place = |list: &Kept| (Value::from(row.peek_at(list.shared)), Rank::of(row.peek_at(list.order)));
        self.lists.iter().map(place).collect()
    }

    /// Moves a row that is shown otherwise than before; `None` is not shown. Tells the groups that have changed.
    pub fn move_row(&mut self, id: RowId, before: Option<&Standing>, after: Option<&Standing>, mut tell: impl FnMut(Group)) {
        match after {
            Some(_) => self.ids.insert(id),
            None => self.ids.remove(&id),
        };
        for (at, list) in self.lists.iter_mut().enumerate() {
            let (old, new) = (before.and_then(|before| before.get(at)), after.and_then(|after| after.get(at)));
            if old == new {
                continue;
            }
            if let Some(place) = old {
                list.leave(id, place);
            }
            if let Some(place) = new {
                list.enter(id, place);
            }
            let values = old.into_iter().chain(new).map(|(value, _)| value);
            values.for_each(|value| tell(list.named(self.table, value)));
        }
    }
}

impl Kept {
    fn enter(&mut self, id: RowId, (value, rank): &(Value, Rank)) {
        let entry = (rank.clone(), id);
        if let Some(group) = self.groups.get_mut(value) {
            group.insert(entry);
        } else {
            self.groups.entry(value.clone()).or_default().insert(entry);
        }
    }

    fn leave(&mut self, id: RowId, (value, rank): &(Value, Rank)) {
        let Some(group) = self.groups.get_mut(value) else { return };
        group.remove(&(rank.clone(), id));
        if group.is_empty() {
            self.groups.remove(value);
        }
    }

    fn named(&self, table: Table, value: &Value) -> Group {
        Group {
            table,
            column: self.column,
            value: value.clone(),
        }
    }
}
