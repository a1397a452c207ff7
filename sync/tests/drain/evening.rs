//! What must be true in the evening, whatever the day was like.

use crate::{office::Verdict, story::Story};
use domain::{Operation, RowId, Table, WriteId};
use futures::executor::block_on;
use proptest::prelude::*;
use std::collections::HashMap;
use sync::{OutboxRecord, Store, WriteState};

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
                (0, WriteState::Held) => self.verdict(*id) == Some(Verdict::Waiting),
                (0, WriteState::Pending) => builds_on_held(record, &records),
                _ => false,
            };
            prop_assert!(is_right, "{:?}: applied {} times, {:?}", id, times, record.state);
        }
        self.check_nothing_unseen_was_overwritten(&records)?;
        self.check_order()?;
        self.check_view()
    }

    fn verdict(&self, id: WriteId) -> Option<Verdict> {
        self.office.quarantine.borrow().get(&id).map(|(_, verdict)| *verdict)
    }

    /// A column that a write changed had, just before, the value that its author saw (or already the wanted one).
    fn check_nothing_unseen_was_overwritten(&self, records: &Records) -> Result<(), TestCaseError> {
        for (write, before) in self.office.applied.borrow().iter().zip(self.office.before.borrow().iter()) {
            let (Some(before), Operation::Update) = (before, write.operation) else {
                continue;
            };
            let record = &records[&write.write_id.unwrap()];
            // Its supervisor has looked.
            if self.verdict(record.write_id) == Some(Verdict::Adopted) {
                continue;
            }
            for (column, change) in record.changes.iter().filter(|(_, change)| !change.predicted) {
                let kind = record.table.column(column).unwrap().kind;
                let theirs = before.get(column).to_json(kind);
                prop_assert!(
                    theirs == change.from || theirs == change.to,
                    "{column}: {theirs} was overwritten by an author who saw {}",
                    change.from
                );
            }
        }
        Ok(())
    }

    /// Per row as they were made; what a person has let pass later comes when it was let pass.
    fn check_order(&self) -> Result<(), TestCaseError> {
        let mut last: HashMap<RowId, usize> = HashMap::new();
        for write in self
            .office
            .applied
            .borrow()
            .iter()
            .filter(|write| self.verdict(write.write_id.unwrap()).is_none())
        {
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
        for row in [Table::Turns, Table::ScopeItems].iter().flat_map(|table| self.view.rows(*table)) {
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
