//! Shapes out of the office's log: snapshots page by page, the log page by page, and “begin again”.
//!
//! **Invariant:** a page is of one state, and its offset never lies beyond a change that was not given.

use super::{Entry, Office};
use domain::{Row, RowId, Table, Viewer};
use protocol::{ShapeRequest, shape::BEGINNING};
use std::collections::BTreeMap;
use sync::{
    Place, RowChange,
    shape_stream::{Event, ShapeAnswer},
};

/// Small, so that pages are many.
const ROWS_PER_PAGE: usize = 6;
const CHANGES_PER_PAGE: usize = 4;

impl Office {
    pub(super) fn serve(&self, viewer: Viewer, request: &ShapeRequest) -> Event {
        let table = request.table;
        let digest = digest(&viewer, table);
        let count_of = |handle: &str| handle.strip_prefix(&digest)?.strip_prefix('-')?.parse::<u64>().ok();
        if request.offset == BEGINNING {
            let count = request.expired_handle.as_deref().and_then(count_of).map_or(1, |count| count + 1);
            return self.snapshot(&viewer, table, self.position, 0, format!("{digest}-{count}"));
        }
        let Some(handle) = request.handle.clone().filter(|handle| count_of(handle).is_some()) else {
            return Event::MustRefetch;
        };
        if let Some((position, skipped)) = request.offset.strip_prefix('s').and_then(numbers) {
            return match usize::try_from(skipped) {
                Ok(skipped) if position >= self.trimmed_to => self.snapshot(&viewer, table, position, skipped, handle),
                _ => Event::MustRefetch,
            };
        }
        match numbers(&request.offset) {
            Some(place) if place.0 >= self.trimmed_to && place.0 <= self.position => self.page(&viewer, table, place, handle),
            _ => Event::MustRefetch,
        }
    }

    fn snapshot(&self, viewer: &Viewer, table: Table, position: i64, skipped: usize, handle: String) -> Event {
        let rows = self.rows_at(table, position);
        let filter = viewer.sees(table);
        let mut seen = rows.into_values().filter(|row| filter.admits(row)).skip(skipped);
        let changes: Vec<RowChange> = seen.by_ref().take(ROWS_PER_PAGE).map(|row| RowChange::Put(as_seen(viewer, &row))).collect();
        let offset = match seen.next() {
            Some(_) => format!("s{position}_{}", skipped + ROWS_PER_PAGE),
            None => end_of(position),
        };
        Event::Answered(ShapeAnswer {
            changes,
            place: Place { handle, offset },
            up_to_date: false,
        })
    }

    /// The table as it stood at a position.
    fn rows_at(&self, table: Table, position: i64) -> BTreeMap<RowId, Row> {
        let mut rows: BTreeMap<RowId, Row> = self.all_of(table).map(|row| (row.id(), row.clone())).collect();
        let later = self.log.iter().rev().take_while(|entry| entry.position > position);
        for entry in later.filter(|entry| entry.table == table) {
            match &entry.old {
                Some(old) => rows.insert(entry.id, old.clone()),
                None => rows.remove(&entry.id),
            };
        }
        rows
    }

    fn page(&self, viewer: &Viewer, table: Table, place: (i64, i64), handle: String) -> Event {
        let first = self.log.partition_point(|entry| (entry.position, entry.op) <= place);
        let mut told = self.log[first..]
            .iter()
            .filter(|entry| entry.table == table)
            .filter_map(|entry| Some((entry, change(viewer, entry)?)));
        let mut changes = vec![];
        let mut last = place;
        for (entry, change) in told.by_ref().take(CHANGES_PER_PAGE) {
            last = (entry.position, entry.op);
            changes.push(change);
        }
        let up_to_date = told.next().is_none();
        let offset = if up_to_date {
            end_of(self.position)
        } else {
            format!("{}_{}", last.0, last.1)
        };
        Event::Answered(ShapeAnswer {
            changes,
            place: Place { handle, offset },
            up_to_date,
        })
    }
}

/// A row as a viewer's shape has it.
pub fn as_seen(viewer: &Viewer, row: &Row) -> Row {
    let mut seen = row.clone();
    for column in viewer.hidden(row.table()) {
        seen.set(column, domain::Value::Null);
    }
    seen
}

/// What a change is to the one who looks.
fn change(viewer: &Viewer, entry: &Entry) -> Option<RowChange> {
    let filter = viewer.sees(entry.table);
    let old = entry.old.as_ref().filter(|row| filter.admits(row));
    let new = entry.new.as_ref().filter(|row| filter.admits(row));
    match (old, new) {
        (None, None) => None,
        (None, Some(new)) => Some(RowChange::Put(as_seen(viewer, new))),
        (Some(_), None) => Some(RowChange::Remove(entry.id)),
        (Some(old), Some(new)) => patch(viewer, old, new),
    }
}

fn patch(viewer: &Viewer, old: &Row, new: &Row) -> Option<RowChange> {
    let hidden = viewer.hidden(new.table());
    let is_told = |index: usize, name: &str| old.at(index) != new.at(index) && !hidden.contains(&name);
    let columns = new.table().columns().iter().enumerate();
    let changed = columns.filter(|(index, column)| is_told(*index, column.name));
    let columns: Vec<_> = changed.map(|(index, _)| (index, new.at(index).clone())).collect();
    (!columns.is_empty()).then_some(RowChange::Patch { id: new.id(), columns })
}

/// Another sight is another shape.
fn digest(viewer: &Viewer, table: Table) -> String {
    let role = domain::Role::ALL.iter().position(|role| *role == viewer.role).unwrap_or_default();
    let vendor = viewer.vendor.map_or(0, |vendor| vendor.0.as_u128() as u64);
    format!("{}{}{role}{vendor}", table as u8, viewer.user.0.as_u128() as u64)
}

fn end_of(position: i64) -> String {
    format!("{position}_{}", i64::MAX)
}

fn numbers(text: &str) -> Option<(i64, i64)> {
    let (one, other) = text.split_once('_')?;
    Some((one.parse().ok()?, other.parse().ok()?))
}
