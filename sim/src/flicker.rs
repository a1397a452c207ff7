//! A value that I set is never seen to go back and return.
//!
//! Each tab's eyes are followed. For every value that its device's user has set, and for every row that they have made or removed, one of their
//! writes is in sight: the last that lies over the row or, where none does, the latest that the row holds, as the server has applied them. It
//! may go on to a later write, and go back where one is taken back (refused, given up). A write that was in sight must not come into sight again
//! after an earlier one. So a value may be set to and fro, and by others in between: what counts is the write, and not what it says.
//!
//! **Invariant:** whatever may come again (its user has decided so, a supervisor has it) is forgiven write by write: what is set later is judged.

use crate::server::Applied;
use domain::{Operation, Row, RowId, Table, Value, WriteId};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::AddAssign,
};
use sync::{LocalView, OutboxRecord, WriteState};

type Key = (Table, RowId);

/// The writes that users have made, by the rows that they are about.
#[derive(Debug, Default)]
pub struct Promises {
    rows: BTreeMap<Key, Vec<Promise>>,
    /// A write may be about another row later.
    places: HashMap<WriteId, Vec<Key>>,
    judged: Cell<Looks>,
}

#[derive(Debug)]
struct Promise {
    write: WriteId,
    whose: usize,
    operation: Operation,
    set: Vec<Set>,
    /// None before it is stored.
    seq: u64,
    /// The row's version after the server has applied it.
    version: Option<i64>,
    /// It may come into sight again.
    may_return: bool,
    /// The row that it makes or removes may come and go.
    may_blink: bool,
    /// It could not be stored, and its user was told so.
    is_taken_back: bool,
}

#[derive(Debug)]
struct Set {
    column: &'static str,
    was: Value,
    value: Value,
    /// The row's value is one that it had before.
    is_again: bool,
    /// The device has foretold it, and the server decides.
    is_predicted: bool,
}

/// How often something was looked at that could have flickered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Values.
    pub values: u64,
    /// Of these, values that had been there before.
    pub values_again: u64,
    /// Rows that were made.
    pub made: u64,
    /// Rows that were removed.
    pub removed: u64,
}

/// What one tab has seen since it shows this user's data: by row and column; without a column, whether the row is there.
#[derive(Debug, Default)]
pub struct Eyes(BTreeMap<(Key, &'static str), Sight>);

#[derive(Debug, Default)]
struct Sight {
    now: Option<WriteId>,
    seen: Vec<WriteId>,
}

impl Promises {
    /// A user of a device has made a write, or has decided that it is another one.
    pub fn make(&mut self, whose: usize, record: &OutboxRecord) {
        let key = (record.table, record.row_id);
        let promises = self.rows.entry(key).or_default();
        let sets = sets(record, promises);
        match promises.iter_mut().find(|promise| promise.write == record.write_id) {
            Some(known) => known.set.extend(sets),
            None => {
                self.places.entry(record.write_id).or_default().push(key);
                promises.push(Promise {
                    write: record.write_id,
                    whose,
                    operation: record.operation,
                    set: sets,
                    seq: record.seq,
                    version: None,
                    may_return: false,
                    may_blink: false,
                    is_taken_back: false,
                });
            }
        }
    }

    /// A write has its number.
    pub fn stored(&mut self, record: &OutboxRecord) {
        self.of(record.write_id, |promise| promise.seq = record.seq);
    }

    /// A write could not be stored. Whatever happens to its row is not its doing.
    pub fn taken_back(&mut self, write: WriteId) {
        self.of(write, |promise| promise.is_taken_back = true);
    }

    /// The server has applied a write, which its device may have given up.
    pub fn applied(&mut self, applied: &Applied, is_expected: bool) {
        self.of(applied.write_id, |promise| {
            promise.version = applied.after.as_ref().map(Row::version);
            promise.may_return |= !is_expected;
        });
        if applied.after.is_none() {
            // Whoever else has removed the row, or has wanted to, sees it go by this one.
            let others = self.rows.entry((applied.table, applied.row_id)).or_default().iter_mut();
            others
                .filter(|promise| promise.write != applied.write_id)
                .for_each(|promise| promise.may_blink = true);
        }
    }

    /// Whether a value is one that this user has set on this device, or has set another one in the place of.
    pub fn is_known(&self, whose: usize, row: Key, column: &str, value: &Value) -> bool {
        let own = self.rows.get(&row).into_iter().flatten().filter(|promise| promise.whose == whose);
        own.flat_map(|promise| &promise.set)
            .any(|set| set.column == column && [&set.was, &set.value].contains(&value))
    }

    /// Somebody has decided about a row's writes, and they may come again in another order.
    pub fn forgive_row(&mut self, table: Table, row_id: RowId) {
        self.rows
            .entry((table, row_id))
            .or_default()
            .iter_mut()
            .for_each(|promise| promise.may_return = true);
    }

    /// The writes of a device may come back as a page knew them, which may not be the last.
    pub fn forgive_device(&mut self, device: usize) {
        let all = self.rows.values_mut().flatten();
        all.filter(|promise| promise.whose / USERS == device)
            .for_each(|promise| promise.may_return = true);
    }

    /// Whole rows may come and go now: who sees what has changed.
    pub fn forgive_presence(&mut self) {
        self.rows.values_mut().flatten().for_each(|promise| promise.may_blink = true);
    }

    /// What has been judged.
    pub const fn judged(&self) -> Looks {
        self.judged.get()
    }

    fn of(&mut self, write: WriteId, change: impl Fn(&mut Promise)) {
        for key in self.places.get(&write).into_iter().flatten() {
            let promises = self.rows.get_mut(key).into_iter().flatten();
            promises.filter(|promise| promise.write == write).for_each(&change);
        }
    }
}

/// So many users have a number of their own on a device.
const USERS: usize = 64;

/// A device's user: who else signs in there does not see their values.
pub fn whose(device: usize, user: domain::UserId) -> usize {
    device * USERS + (user.0.as_u128() % USERS as u128) as usize
}

fn sets(record: &OutboxRecord, before: &[Promise]) -> Vec<Set> {
    let known = |column: &str, value: &Value| {
        let mut sets = before.iter().flat_map(|promise| &promise.set);
        sets.any(|set| set.column == column && (set.was == *value || set.value == *value))
    };
    let changes = record.changes.iter();
    let read = |(name, change): (&String, &sync::Change)| {
        let column = record.table.column(name)?;
        let [was, value] = [&change.from, &change.to].map(|json| Value::from_json(column.kind, json).unwrap_or_default());
        Some(Set {
            column: column.name,
            is_again: known(column.name, &value),
            was,
            value,
            is_predicted: change.predicted,
        })
    };
    changes.filter_map(read).collect()
}

impl Eyes {
    /// Looks at some rows; what went back and has returned.
    pub fn look<'a>(
        &mut self,
        promises: &Promises,
        (whose, view): (usize, &LocalView),
        is_loaded: impl Fn(Table) -> bool,
        rows: impl IntoIterator<Item = &'a Key>,
        tell: impl Fn(String),
    ) -> Option<String> {
        // In one order, whatever order a set is in: what is told first is part of the day.
        for key in rows.into_iter().collect::<BTreeSet<_>>() {
            let Some(all) = promises.rows.get(key) else { continue };
            let own: Vec<&Promise> = all.iter().filter(|promise| promise.whose == whose).collect();
            if own.is_empty() {
                continue;
            }
            let row = OwnRow {
                key: *key,
                own,
                view,
                is_loaded: is_loaded(key.0),
            };
            let mut looks = promises.judged.get();
            let broken = self.look_at(&row, &mut looks, &tell);
            promises.judged.set(looks);
            if broken.is_some() {
                return broken;
            }
        }
        None
    }

    fn look_at(&mut self, row: &OwnRow<'_>, looks: &mut Looks, tell: &impl Fn(String)) -> Option<String> {
        if let Some(in_sight) = row.presence()
            && let Some(broken) = self.judge(row, "", in_sight, looks, tell)
        {
            return Some(broken);
        }
        let shown = row.view.row(row.key.0, row.key.1)?;
        let overlay = row.overlay();
        for column in row.columns() {
            let on_top = overlay.iter().rev().find(|record| record.changes.contains_key(column));
            if let Some(record) = on_top
                && !shows(shown, column, record)
            {
                return Some(format!("{:?} {} “{column}” is not what was set last", row.key.0, row.key.1));
            }
            let in_sight = on_top.map(|record| record.write_id).or_else(|| row.held_by_row(column));
            if let Some(broken) = self.judge(row, column, in_sight, looks, tell) {
                return Some(broken);
            }
        }
        None
    }

    fn judge(&mut self, row: &OwnRow<'_>, column: &'static str, now: Option<WriteId>, looks: &mut Looks, tell: &impl Fn(String)) -> Option<String> {
        let sight = self.0.entry((row.key, column)).or_default();
        let before = std::mem::replace(&mut sight.now, now);
        let in_sight = now.and_then(|write| row.own.iter().find(|promise| promise.write == write))?;
        let is_forgiven = in_sight.may_return || (column.is_empty() && in_sight.may_blink);
        if !is_forgiven {
            looks.add(in_sight, column);
        }
        if before == now {
            return None;
        }
        tell(format!(
            "sees {} in {:?} {} “{column}”",
            crate::disk::short(in_sight.write),
            row.key.0,
            row.key.1
        ));
        if !sight.seen.contains(&in_sight.write) {
            sight.seen.push(in_sight.write);
            return None;
        }
        let is_back = row.rank(now) > row.rank(before) && !is_forgiven;
        is_back.then(|| format!("{:?} {} “{column}” went back and returned", row.key.0, row.key.1))
    }
}

/// A row and what this user has done to it.
struct OwnRow<'a> {
    key: Key,
    own: Vec<&'a Promise>,
    view: &'a LocalView,
    /// Before its table is here, that a row is missing says nothing.
    is_loaded: bool,
}

impl OwnRow<'_> {
    /// Which write made it be there, or not be there; nothing where no write was about that.
    fn presence(&self) -> Option<Option<WriteId>> {
        let last = |operation| {
            self.own
                .iter()
                .rev()
                .find(|promise| promise.operation == operation && !promise.is_taken_back)
                .map(|promise| promise.write)
        };
        let (made, removed) = (last(Operation::Create), last(Operation::Delete));
        if !self.is_loaded || made.is_none() && removed.is_none() {
            return None;
        }
        let is_there = self.view.row(self.key.0, self.key.1).is_some();
        // A delete that is parked removes nothing: the row is missing for another reason.
        let is_in_force = |write: &WriteId| {
            self.view
                .write(*write)
                .is_none_or(|record| !record.state.needs_user() || record.has_lost_its_row())
        };
        Some(if is_there { made } else { removed.filter(is_in_force) })
    }

    /// What lies over the row as it was synced, the last on top.
    fn overlay(&self) -> Vec<&OutboxRecord> {
        let synced = self.view.synced_row(self.key.0, self.key.1).map(Row::version);
        let is_held = |record: &OutboxRecord| {
            let receipted = record.receipt.as_ref().filter(|_| record.state == WriteState::Acked);
            let is_echoed = receipted.is_some_and(|receipt| receipt.version.is_some_and(|version| synced >= Some(version)));
            is_echoed || (record.operation == Operation::Create && synced.is_some())
        };
        let writes = self.view.unsettled_writes(self.key.0, self.key.1);
        writes.filter(|record| record.state.is_overlaid() && !is_held(record)).collect()
    }

    fn columns(&self) -> BTreeSet<&'static str> {
        let sets = self.own.iter().flat_map(|promise| &promise.set);
        sets.filter(|set| !set.is_predicted).map(|set| set.column).collect()
    }

    /// The latest own write to a column that the synced row holds.
    fn held_by_row(&self, column: &str) -> Option<WriteId> {
        let synced = self.view.synced_row(self.key.0, self.key.1)?.version();
        let is_held = |promise: &&&Promise| promise.version.is_some_and(|version| version <= synced) && promise.touches(column);
        let latest = self.own.iter().filter(is_held).max_by_key(|promise| promise.version)?;
        Some(latest.write)
    }

    /// The place of a write among those to its row: what is not stored yet is the latest.
    fn rank(&self, write: Option<WriteId>) -> (u64, usize) {
        let place = write.and_then(|write| self.own.iter().position(|promise| promise.write == write));
        let rank = |place: usize| match self.own[place].seq {
            0 => (u64::MAX, place + 1),
            seq => (seq, place + 1),
        };
        place.map_or((0, 0), rank)
    }
}

/// Whether a row shows what a write that lies over it says.
fn shows(shown: &Row, column: &str, record: &OutboxRecord) -> bool {
    let kind = record.table.column(column).map(|column| column.kind);
    let wanted = record.changes.get(column).zip(kind);
    let wanted = wanted.and_then(|(change, kind)| Value::from_json(kind, &change.to).ok());
    wanted.is_none_or(|wanted| *shown.get(column) == wanted)
}

impl Promise {
    fn touches(&self, column: &str) -> bool {
        self.set.iter().any(|set| set.column == column)
    }
}

impl Looks {
    fn add(&mut self, promise: &Promise, column: &str) {
        match promise.operation {
            Operation::Create if column.is_empty() => self.made += 1,
            Operation::Delete if column.is_empty() => self.removed += 1,
            _ => {
                self.values += 1;
                let is_again = promise.set.iter().any(|set| set.column == column && set.is_again);
                self.values_again += u64::from(is_again);
            }
        }
    }

    /// Whether something was never looked at.
    pub fn is_blind(self) -> bool {
        [self.values, self.values_again, self.made, self.removed].contains(&0)
    }
}

impl AddAssign for Looks {
    fn add_assign(&mut self, other: Self) {
        self.values += other.values;
        self.values_again += other.values_again;
        self.made += other.made;
        self.removed += other.removed;
    }
}
