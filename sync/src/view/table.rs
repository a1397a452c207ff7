//! One table of the view: its synced rows, and the lists that its shown rows are in.
//!
//! A table that comes whole is built beside the one that is shown, a slice between two frames, and takes its place when it is complete.
//!
//! **Invariant:** a row that is shown is in each list of its table once, under the value and the rank that it is shown with.

use super::{
    Group,
    ranked::{Entry, Rank, Ranked},
};
use crate::shape_stream::RowChange;
use domain::{Row, RowId, Table, Value, row::ValueRef};
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
    /// The columns that decide where a row stands in them, as [`Row::peek_each`] wants them.
    listed: u64,
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
    groups: HashMap<Shared, Ranked, Quick>,
}

/// What the rows of a group share, short: ids and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shared {
    Nothing,
    Flag(bool),
    Id(u128),
}

/// A row's place in each list of its table.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing(Vec<(Shared, Rank)>);

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
        let lists: Vec<Kept> = lists.collect();
        Self {
            table,
            synced: HashMap::default(),
            ids: BTreeSet::new(),
            listed: lists.iter().fold(0, |listed, list| listed | 1 << list.shared | 1 << list.order),
            lists,
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
        list?.groups.get(&Shared::of(value.into()))
    }

    /// Where a row that looks like this stands in the lists.
    pub fn standing(&self, row: &Row) -> Standing {
        let mut places = vec![(Shared::Nothing, Rank::Last); self.lists.len()];
        // One walk through the row, however many lists there are.
        row.peek_each(self.listed, |index, value| {
            for (list, place) in self.lists.iter().zip(&mut places) {
                if list.shared == index {
                    place.0 = Shared::of(value);
                }
                if list.order == index {
                    place.1 = Rank::of(value);
                }
            }
        });
        Standing(places)
    }

    /// Moves a row that is shown otherwise than before; `None` is not shown. Tells the groups that have changed.
    pub fn move_row(&mut self, id: RowId, before: Option<&Standing>, after: Option<&Standing>, mut tell: impl FnMut(Group)) {
        match after {
            Some(_) => self.ids.insert(id),
            None => self.ids.remove(&id),
        };
        for (at, list) in self.lists.iter_mut().enumerate() {
            let (old, new) = (before.and_then(|before| before.0.get(at)), after.and_then(|after| after.0.get(at)));
            if old == new {
                continue;
            }
            if let Some(place) = old {
                list.leave(id, place);
            }
            if let Some(place) = new {
                list.enter(id, place);
            }
            let shared = old.into_iter().chain(new).map(|(shared, _)| *shared);
            shared.for_each(|shared| tell(list.named(self.table, shared)));
        }
    }
}

impl Kept {
    fn enter(&mut self, id: RowId, (shared, rank): &(Shared, Rank)) {
        self.groups.entry(*shared).or_default().insert(Entry::new(rank.clone(), id));
    }

    fn leave(&mut self, id: RowId, (shared, rank): &(Shared, Rank)) {
        let Some(group) = self.groups.get_mut(shared) else { return };
        group.remove(&Entry::new(rank.clone(), id));
        if group.is_empty() {
            self.groups.remove(shared);
        }
    }

    fn named(&self, table: Table, shared: Shared) -> Group {
        Group {
            table,
            column: self.column,
            value: shared.into(),
        }
    }
}

impl Shared {
    fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Uuid(id) => Self::Id(id.as_u128()),
            ValueRef::Bool(flag) => Self::Flag(flag),
            _ => Self::Nothing,
        }
    }
}

impl From<Shared> for Value {
    fn from(shared: Shared) -> Self {
        match shared {
            Shared::Nothing => Self::Null,
            Shared::Flag(flag) => Self::Bool(flag),
            Shared::Id(id) => Self::Uuid(uuid::Uuid::from_u128(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ColumnType;

    #[test]
    fn rows_are_listed_by_ids_and_flags() {
        for list in LISTS {
            let kind = list.table.column(list.column).map(|column| column.kind);
            assert!(matches!(kind, Some(ColumnType::Uuid | ColumnType::Bool)), "{:?}.{}", list.table, list.column);
            assert!(list.table.column(list.order).is_some(), "{:?}.{}", list.table, list.order);
        }
    }
}
