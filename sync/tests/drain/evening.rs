//! What must be true in the evening, whatever the day was like.

use crate::{
    office::Verdict,
    story::{Story, TABLES, me},
};
use domain::{DeviceId, Operation, Role, RowId, Table, WriteId, schema::decisions::decided_with};
use futures::executor::block_on;
use proptest::prelude::*;
use protocol::{User, handover::reckon::reckon};
use std::collections::HashMap;
use sync::{OutboxRecord, Store, WriteState, handover::device_writes, store::conformance::row_id};

pub type Records = HashMap<WriteId, OutboxRecord>;

impl Story {
    pub fn check(&self) -> Result<(), TestCaseError> {
        let history = block_on(self.store.disk.history(usize::MAX)).unwrap();
        let records: Records = self.outbox().into_iter().chain(history).map(|record| (record.write_id, record)).collect();
        for id in &self.made {
            let times = self.office.applied.borrow().iter().filter(|write| write.write_id == Some(*id)).count();
            let record = &records[id];
            let is_right = match (times, record.state) {
                (1, WriteState::Settled) | (0, WriteState::Rejected | WriteState::Blocked) => true,
                (0, WriteState::Discarded) => self.is_resolved(*id),
                (0, WriteState::Held) => self.verdict(*id) == Some(Verdict::Waiting),
                (0, WriteState::Pending) => builds_on_held(record, &records),
                _ => false,
            };
            prop_assert!(is_right, "{:?}: applied {} times, {:?}", id, times, record.state);
        }
        self.check_handover()?;
        self.check_nothing_unseen_was_overwritten()?;
        self.check_order()?;
        self.check_view()
    }

    /// What the tablet would hand over: enqueued = applied + resolved + waiting, and the office agrees about every write.
    fn check_handover(&self) -> Result<(), TestCaseError> {
        let user = User {
            id: me(),
            email: String::new(),
            name: String::new(),
            role: Role::PropertyManager,
            vendor_id: None,
            must_change_password: false,
        };
        let history = block_on(self.store.disk.history(usize::MAX)).unwrap();
        let records = self.outbox().into_iter().chain(history).collect();
        let writes = device_writes(user, DeviceId(row_id(2).0), records, 0, i64::MIN);
        let reckoning = reckon(&writes, &self.office.known(), false);
        prop_assert!(reckoning.enqueued == self.made.len() && reckoning.is_right(), "{:?}", reckoning);
        Ok(())
    }

    fn verdict(&self, id: WriteId) -> Option<Verdict> {
        self.office.quarantine.borrow().get(&id).map(|(_, verdict)| *verdict)
    }

    /// What a write changed or removed had, just before, values that its author saw when making it or deciding about it, or had
    /// given; the rest of a decision too.
    fn check_nothing_unseen_was_overwritten(&self) -> Result<(), TestCaseError> {
        for (write, before) in self.office.applied.borrow().iter().zip(self.office.before.borrow().iter()) {
            let id = write.write_id.unwrap();
            // Of an adopted write its supervisor has looked at the row.
            let Some(before) = before.as_ref().filter(|_| self.verdict(id) != Some(Verdict::Adopted)) else {
                continue;
            };
            let is_delete = write.operation == Operation::Delete;
            let given = |name: &str| write.data.contains_key(name);
            let decided = decided_with(before.table(), given);
            for column in before.table().columns() {
                let is_touched = given(column.name) || decided.contains(&column.name) || (is_delete && column.is_changed_by_people());
                let theirs = before.get(column.name);
                let json = theirs.to_json(column.kind);
                let was_seen = || self.seen.borrow()[&id].iter().any(|row| row.get(column.name) == theirs);
                prop_assert!(
                    !is_touched || write.data.get(column.name) == Some(&json) || self.own.borrow().contains(&json) || was_seen(),
                    "{:?} of {}: {} was overwritten and never seen",
                    id,
                    column.name,
                    json
                );
            }
        }
        Ok(())
    }

    /// Nothing before what it builds on; and per row as they were made, but for what a person has let pass later.
    fn check_order(&self) -> Result<(), TestCaseError> {
        let applied = self.office.applied.borrow();
        for (place, write) in applied.iter().enumerate() {
            let is_before = |id: &WriteId| applied[..place].iter().any(|earlier| earlier.write_id == Some(*id));
            prop_assert!(write.after.iter().all(is_before), "{:?} before what it builds on", write.write_id);
        }
        let mut last: HashMap<RowId, usize> = HashMap::new();
        let by_itself = |id: WriteId| self.verdict(id).is_none() && !self.is_resolved(id);
        for write in applied.iter().filter(|write| by_itself(write.write_id.unwrap())) {
            let place = self.made.iter().position(|id| Some(*id) == write.write_id).unwrap();
            let before = last.insert(write.row_id.unwrap(), place);
            prop_assert!(before < Some(place), "row {:?}: {:?} before {}", write.row_id, before, place);
        }
        Ok(())
    }

    /// In the evening the device has what the server has, and shows it where nothing of its own waits.
    fn check_view(&self) -> Result<(), TestCaseError> {
        let rows = self.office.rows.borrow();
        let seen: Vec<_> = rows.iter().filter(|(key, _)| self.office.is_seen(**key, None)).collect();
        for ((table, id), row) in &seen {
            prop_assert_eq!(self.view.synced_row(*table, *id), Some(*row));
            if !self.is_waiting(*table, *id) {
                prop_assert_eq!(self.view.row(*table, *id), Some(*row));
            }
        }
        for row in TABLES.iter().flat_map(|table| self.view.rows(*table)) {
            let key = (row.table(), row.id());
            let is_theirs = seen.iter().any(|(of, _)| **of == key);
            prop_assert!(is_theirs || self.is_waiting(key.0, key.1), "{:?} is shown and is not there", key);
        }
        Ok(())
    }

    fn is_waiting(&self, table: Table, id: RowId) -> bool {
        self.view.unsettled_writes(table, id).any(|record| record.state.is_waiting())
    }
}

pub fn builds_on_held(record: &OutboxRecord, records: &Records) -> bool {
    let ancestors = record.depends_on.iter().filter_map(|id| records.get(id));
    ancestors
        .into_iter()
        .any(|ancestor| ancestor.state == WriteState::Held || builds_on_held(ancestor, records))
}
