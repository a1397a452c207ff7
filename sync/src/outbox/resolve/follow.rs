//! What a decision about one write means for those that build on it.
//!
//! **Invariant:** what builds on a write goes only when everything that it builds on goes, is applied, or is out of the way; and
//! it goes merged with what will stand before it, or asks its user too.

use super::{OutboxRecord, WriteState, question::clash_with, shown_after, waiting_anew};
use crate::outbox::{
    Change, Failure,
    merge::{Merged, lay_over, merge},
};
use domain::{Operation, Row, RowId};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// A refused write with all of the user's records.
pub(super) struct Family<'a> {
    first: &'a OutboxRecord,
    records: BTreeMap<u64, OutboxRecord>,
    touched: Vec<u64>,
}

impl<'a> Family<'a> {
    pub fn of(records: &[OutboxRecord], first: &'a OutboxRecord) -> Self {
        Self {
            first,
            records: records.iter().map(|record| (record.seq, record.clone())).collect(),
            touched: Vec::new(),
        }
    }

    /// The write goes again as it is, unless something that it builds on does not.
    pub fn go_again(mut self) -> Vec<OutboxRecord> {
        if self.is_held_back(self.first.seq) {
            return Vec::new();
        }
        self.put(waiting_anew(self.first.clone()));
        self.free(None);
        self.amended()
    }

    /// The write goes again as `mended`, which is made on `server`.
    pub fn stand(mut self, mut mended: OutboxRecord, server: Option<&Row>) -> Vec<OutboxRecord> {
        self.put_behind_own(&mut mended);
        let before = shown_after(&mended, server);
        self.put(waiting_anew(mended));
        self.free(before);
        self.amended()
    }

    /// What was decided was looked at with own waiting writes over it: it does not go without them.
    fn put_behind_own(&self, mended: &mut OutboxRecord) {
        let is_before = |other: &&OutboxRecord| (other.table, other.row_id) == (mended.table, mended.row_id) && other.state.is_waiting();
        let earlier = self.records.range(..mended.seq).map(|(_, record)| record).rfind(is_before);
        if let Some(earlier) = earlier.map(|record| record.write_id).filter(|id| !mended.depends_on.contains(id)) {
            mended.depends_on.push(earlier);
        }
    }

    /// As [`Self::stand`], unless nothing is left of the write.
    pub fn stand_or_give_up(self, mended: OutboxRecord, server: &Row) -> Vec<OutboxRecord> {
        let says_something = mended.operation == Operation::Delete || super::given(&mended).next().is_some();
        if says_something {
            self.stand(mended, Some(server))
        } else {
            self.give_up(Some(server))
        }
    }

    /// The write goes, what builds on it stays: it builds on what the write built on.
    pub fn give_up(mut self, server: Option<&Row>) -> Vec<OutboxRecord> {
        self.put(self.first.clone().in_state(WriteState::Discarded));
        self.inherit();
        self.free(server.cloned());
        self.amended()
    }

    /// A create gives way to the row that is there. What was made on it is made on that one.
    pub fn give_way_to(mut self, other: &Row) -> Vec<OutboxRecord> {
        self.put(self.first.clone().in_state(WriteState::Discarded));
        self.inherit();
        self.move_to(other.id());
        for seq in self.followers() {
            // Their row is not mine to delete because mine was.
            if self.records[&seq].operation == Operation::Delete && self.is_same_row(seq, other.id()) {
                self.put(self.records[&seq].clone().in_state(WriteState::Discarded));
            }
        }
        self.free_on(other.id(), Some(other.clone()));
        self.amended()
    }

    /// The first edit becomes the create of a new row, the others follow it there.
    pub fn make_again(mut self, new_row: RowId) -> Vec<OutboxRecord> {
        let later = self.later_on_row();
        self.move_to(new_row);
        let mut create = self.first.clone();
        create.row_id = new_row;
        create.operation = Operation::Create;
        create.changes.retain(|_, change| !change.predicted);
        let seen = std::mem::take(&mut create.seen).into_iter().map(|(name, to)| (name, made(to)));
        create.changes.extend(seen.filter(|(_, change)| !change.to.is_null()));
        create.changes.values_mut().for_each(|change| change.from = Json::Null);
        (create.base_version, create.rebased_on) = (None, None);
        let create_id = create.write_id;
        let before = shown_after(&create, None);
        self.put(waiting_anew(create));
        for seq in later {
            let mut record = self.records[&seq].clone();
            record.row_id = new_row;
            (record.base_version, record.rebased_on) = (None, None);
            if !record.depends_on.contains(&create_id) {
                record.depends_on.push(create_id);
            }
            self.put(record.in_state(WriteState::Blocked));
        }
        for seq in self.hung_on_row() {
            let mut record = self.records[&seq].clone();
            record.depends_on.push(create_id);
            rename(&mut record, self.first.row_id, new_row);
            self.put(record.in_state(WriteState::Blocked));
        }
        self.free_on(new_row, before);
        self.amended()
    }

    /// Whoever built on the write builds on what it built on.
    fn inherit(&mut self) {
        let (gone, heirs) = (self.first.write_id, self.first.depends_on.clone());
        for seq in self.descendants(WriteState::is_here) {
            let mut record = self.records[&seq].clone();
            if record.depends_on.contains(&gone) {
                record.depends_on.retain(|id| *id != gone && !heirs.contains(id));
                record.depends_on.splice(0..0, heirs.iter().copied());
                self.put(record);
            }
        }
    }

    /// Own parked edits of the first one's row, and references to it, are about another row.
    fn move_to(&mut self, row: RowId) {
        let old = self.first.row_id;
        for seq in self.descendants(WriteState::is_here) {
            let mut record = self.records[&seq].clone();
            if (record.table, record.row_id) == (self.first.table, old) {
                record.row_id = row;
            }
            rename(&mut record, old, row);
            self.put(record);
        }
    }

    fn free(&mut self, before: Option<Row>) {
        self.free_on(self.first.row_id, before);
    }

    /// Lets go what nothing holds back any more. Writes to `row` are merged with `before`, what will stand there.
    fn free_on(&mut self, row: RowId, mut before: Option<Row>) {
        for seq in self.followers() {
            if self.is_held_back(seq) {
                continue;
            }
            let record = self.records[&seq].clone();
            match before.clone().filter(|_| self.is_same_row(seq, row)) {
                None => self.put(waiting_anew(record)),
                Some(standing) => match merge(&record, &standing) {
                    Merged::Rebased(rebased) => {
                        before = lay_over(&rebased, Some(standing));
                        self.put(waiting_anew(*rebased));
                    }
                    Merged::Clash(_) => self.put(asking(record, &standing)),
                },
            }
        }
    }

    /// Parked or waiting writes that build on the first one, in order.
    fn followers(&self) -> Vec<u64> {
        self.descendants(|state| matches!(state, WriteState::Blocked | WriteState::Pending))
    }

    /// What builds on the first one, or did before this decision, in order.
    fn descendants(&self, is_meant: impl Fn(WriteState) -> bool) -> Vec<u64> {
        let mut ids = vec![self.first.write_id];
        let mut found = vec![];
        for record in self.records.values().filter(|record| record.write_id != self.first.write_id) {
            if self.touched.contains(&record.seq) || record.depends_on.iter().any(|id| ids.contains(id)) {
                ids.push(record.write_id);
                found.extend(is_meant(record.state).then_some(record.seq));
            }
        }
        found
    }

    /// Other parked writes to the first one's row, which is gone for them as well.
    fn later_on_row(&self) -> Vec<u64> {
        let on_row = |record: &&OutboxRecord| (record.table, record.row_id) == (self.first.table, self.first.row_id);
        let later = self.records.range(self.first.seq + 1..).map(|(_, record)| record);
        later
            .filter(on_row)
            .filter(|record| record.state.is_here() && !record.is_unanswered)
            .map(|record| record.seq)
            .collect()
    }

    /// Writes that are to make something of the first one's row, as a photo of it is. Made while the row was there, they build on none of its writes.
    fn hung_on_row(&self) -> Vec<u64> {
        let hangs_on_it = |record: &&OutboxRecord| {
            let parent = record.table.parent_column().and_then(|column| record.changes.get(column));
            parent.is_some_and(|parent| parent.to == json!(self.first.row_id.to_string()))
        };
        let others = self.records.values().filter(|record| record.table != self.first.table);
        let here = others.filter(|record| record.state.is_here() && !record.is_unanswered);
        here.filter(hangs_on_it).map(|record| record.seq).collect()
    }

    /// Whether something that it builds on waits for the user, or was given up.
    fn is_held_back(&self, seq: u64) -> bool {
        let holds = |record: &&OutboxRecord| record.state.needs_user() || record.state == WriteState::Discarded;
        let depends_on = &self.records[&seq].depends_on;
        self.records.values().filter(holds).any(|record| depends_on.contains(&record.write_id))
    }

    fn is_same_row(&self, seq: u64, row: RowId) -> bool {
        (self.records[&seq].table, self.records[&seq].row_id) == (self.first.table, row)
    }

    fn put(&mut self, record: OutboxRecord) {
        self.touched.push(record.seq);
        self.records.insert(record.seq, record);
    }

    fn amended(self) -> Vec<OutboxRecord> {
        let touched = self.touched;
        self.records.into_values().filter(|record| touched.contains(&record.seq)).collect()
    }
}

/// Whatever names a row names another one. Ids are unique: what holds the one is about that row.
fn rename(record: &mut OutboxRecord, old: RowId, new: RowId) {
    let named = record.changes.values_mut().flat_map(|change| [&mut change.from, &mut change.to]);
    for reference in named.filter(|json| **json == json!(old.to_string())) {
        *reference = json!(new.to_string());
    }
}

fn made(to: Json) -> Change {
    Change {
        from: Json::Null,
        to,
        predicted: false,
    }
}

fn asking(record: OutboxRecord, standing: &Row) -> OutboxRecord {
    let at_ms = record.last_error.as_ref().map_or(record.made_at_ms, |failure| failure.at_ms);
    let problem = clash_with(&record, standing);
    OutboxRecord {
        next_attempt_at_ms: None,
        last_error: Some(Failure { problem, at_ms }),
        ..record.in_state(WriteState::Rejected)
    }
}
