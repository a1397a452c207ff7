//! A value that I set is never seen to go back and return.
//!
//! Each tab's eyes are followed: for every column of a row that its device's user set and nobody else touched, the values
//! shown may only go forward, from the old one through the ones that were set. Where a write is taken back (refused, given
//! up) the value may go back once; it must not come again unless its user sends it again.
//!
//! **Invariant:** what anybody else may have changed is not judged here.

use domain::{Row, RowId, Table, Value};
use std::collections::{BTreeMap, BTreeSet};
use sync::LocalView;

/// One column of one row; the empty name is the row itself, for who made it.
type Cell = (Table, RowId, String);

/// A name for the office itself, among those who set values.
pub const OFFICE: usize = usize::MAX;

/// What was set where, in order.
#[derive(Debug, Default)]
pub struct Promises(BTreeMap<(Table, RowId), BTreeMap<String, Promise>>);

#[derive(Debug)]
struct Promise {
    device: usize,
    was: Value,
    /// What was set, and by whom.
    set: Vec<(usize, Value)>,
    /// How many of these are stored, or stand before one that is.
    stored: usize,
    is_contested: bool,
}

/// What one tab has seen of it since it shows this user's data.
#[derive(Debug, Default)]
pub struct Eyes(BTreeMap<Cell, Sight>);

#[derive(Clone, Copy, Debug, Default)]
struct Sight {
    furthest: usize,
    has_gone_back: bool,
    now: usize,
}

impl Promises {
    /// A user of a device sets a column.
    pub fn set(&mut self, device: usize, (table, row_id): (Table, RowId), column: &str, was: &Value, to: &Value) {
        let columns = self.0.entry((table, row_id)).or_default();
        let promise = columns.entry(column.to_owned()).or_insert_with(|| Promise {
            device,
            was: was.clone(),
            set: vec![],
            stored: 0,
            is_contested: false,
        });
        // A new turn’s stage is also the server’s to set.
        let is_servers = column == "stage_id" && promise.was.is_null();
        promise.is_contested |=
            is_servers || device == OFFICE || promise.device != device || promise.was == *to || promise.set.iter().any(|(_, set)| set == to);
        promise.set.push((device, to.clone()));
    }

    /// What a user of a device set is stored. Of two tabs the one that was tapped in first may store last: then the other's value stands under it,
    /// and is seen again should it be refused.
    pub fn stored(&mut self, device: usize, row: (Table, RowId), column: &str, to: &Value) {
        let Some(promise) = self.0.get_mut(&row).and_then(|columns| columns.get_mut(column)) else {
            return;
        };
        let Some(place) = promise.set.iter().position(|(by, set)| *by == device && set == to) else {
            return;
        };
        promise.is_contested |= place < promise.stored;
        promise.stored = promise.stored.max(place + 1);
    }

    /// Whether a value is one that this user has set on this device.
    pub fn is_own(&self, device: usize, row: (Table, RowId), column: &str, value: &Value) -> bool {
        let promise = self.0.get(&row).and_then(|columns| columns.get(column));
        promise.is_some_and(|promise| promise.set.iter().any(|(by, set)| *by == device && set == value))
    }

    /// A user of a device makes a row.
    pub fn make(&mut self, device: usize, row: (Table, RowId)) {
        self.set(device, row, "", &Value::Bool(false), &Value::Bool(true));
    }

    /// Somebody else may change a row, or somebody decided about its writes: nothing of it is judged any more.
    pub fn release(&mut self, table: Table, row_id: RowId) {
        for promise in self.0.entry((table, row_id)).or_default().values_mut() {
            promise.is_contested = true;
        }
    }

    /// Nothing that has been set so far is judged any more.
    pub fn release_all(&mut self) {
        for promise in self.0.values_mut().flat_map(BTreeMap::values_mut) {
            promise.is_contested = true;
        }
    }

    /// Whole rows may come and go now: who sees what has changed.
    pub fn release_rows(&mut self) {
        for columns in self.0.values_mut() {
            if let Some(promise) = columns.get_mut("") {
                promise.is_contested = true;
            }
        }
    }
}

impl Eyes {
    /// Looks at some rows; the first value that went back and has returned.
    pub fn look<'a>(
        &mut self,
        promises: &Promises,
        view: &LocalView,
        rows: impl IntoIterator<Item = &'a (Table, RowId)>,
        tell: impl Fn(String),
    ) -> Option<String> {
        // In one order, whatever order a set is in: what is told first is part of the day.
        for (table, row_id) in rows.into_iter().collect::<BTreeSet<_>>() {
            let Some(columns) = promises.0.get(&(*table, *row_id)) else { continue };
            let shown = view.row(*table, *row_id);
            for (column, promise) in columns.iter().filter(|(_, promise)| !promise.is_contested) {
                let Some(step) = promise.step(column, shown) else { continue };
                let sight = self.0.entry((*table, *row_id, column.clone())).or_default();
                if std::mem::replace(&mut sight.now, step) != step {
                    tell(format!("shows {table:?} {row_id} “{column}” at step {step} of {}", promise.set.len()));
                }
                if step < sight.furthest {
                    sight.has_gone_back = true;
                } else if step > sight.furthest {
                    (sight.furthest, sight.has_gone_back) = (step, false);
                } else if sight.has_gone_back && step > 0 {
                    return Some(format!("{table:?} {row_id} “{column}” went back and returned"));
                }
            }
        }
        None
    }
}

impl Promise {
    /// How far the shown value is along what was set; nothing where there is nothing to see.
    fn step(&self, column: &str, shown: Option<&Row>) -> Option<usize> {
        if column.is_empty() {
            return Some(usize::from(shown.is_some()));
        }
        let value = shown?.get(column);
        Some(self.set.iter().position(|(_, set)| set == value).map_or(0, |place| place + 1))
    }
}
