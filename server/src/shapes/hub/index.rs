//! Which topics a change may concern.
//!
//! **Invariant:** a topic that a change concerns is among its candidates.

use crate::db::Change;
use domain::{Table, Value};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Names a topic while it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub u64);

impl TopicId {
    /// Never given before.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Topics by what their rows have.
#[derive(Default)]
pub struct Index {
    tables: HashMap<Table, OfTable>,
}

#[derive(Default)]
struct OfTable {
    /// Column → value → topics.
    by_value: HashMap<usize, HashMap<Value, HashSet<TopicId>>>,
    /// Topics without keys.
    any: HashSet<TopicId>,
}

impl Index {
    /// Takes a topic in. Without keys any row may be its.
    pub fn insert(&mut self, id: TopicId, table: Table, keys: Option<&[(usize, Value)]>) {
        let of_table = self.tables.entry(table).or_default();
        let Some(keys) = keys else {
            of_table.any.insert(id);
            return;
        };
        for (column, value) in keys {
            let values = of_table.by_value.entry(*column).or_default();
            values.entry(value.clone()).or_default().insert(id);
        }
    }

    /// Takes a topic out; `keys` are those it was taken in with.
    pub fn remove(&mut self, id: TopicId, table: Table, keys: Option<&[(usize, Value)]>) {
        let Some(of_table) = self.tables.get_mut(&table) else { return };
        let Some(keys) = keys else {
            of_table.any.remove(&id);
            return;
        };
        for (column, value) in keys {
            let Some(values) = of_table.by_value.get_mut(column) else { continue };
            if let Some(ids) = values.get_mut(value) {
                ids.remove(&id);
                if ids.is_empty() {
                    values.remove(value);
                }
            }
            if values.is_empty() {
                of_table.by_value.remove(column);
            }
        }
    }

    /// Topics that a change may concern.
    pub fn candidates(&self, change: &Change) -> BTreeSet<TopicId> {
        let Some(of_table) = self.tables.get(&change.table) else {
            return BTreeSet::new();
        };
        let mut found: BTreeSet<TopicId> = of_table.any.iter().copied().collect();
        for row in [&change.old, &change.new].into_iter().flatten() {
            for (column, values) in &of_table.by_value {
                found.extend(values.get(row.at(*column)).into_iter().flatten());
            }
        }
        found
    }
}
