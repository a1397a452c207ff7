//! What becomes of a write whose row has moved on, and of own later writes to that row.
//!
//! **Invariant:** nothing is rebased over what is before it in its row's line and not decided yet.

use super::Desk;
use crate::outbox::{
    OutboxRecord, WriteState,
    backoff::pause_ms,
    merge::{Merged, lay_over},
    own_work::{Met, OwnWork, hear_what_stands},
    resolve::{clash_with, conflicting_row},
};
use domain::{Row, WriteId};
use protocol::Problem;
use std::collections::HashSet;

/// So often in a row a write may meet a newer version before it pauses.
const REBASES_WITHOUT_PAUSE: u32 = 4;

impl Desk<'_> {
    /// The row is at another version than the one that the write was made on.
    pub(super) fn conflicted(&mut self, seq: u64, problem: &Problem) {
        let record = self.records[&seq].clone();
        if self.has_earlier_on_same_row(&record) {
            // Its turn comes when those before it are decided; merged now, it could overtake them.
            return self.put(record.in_state(WriteState::Pending));
        }
        let server = conflicting_row(record.table, problem).filter(|row| row.id() == record.row_id);
        let own_records = self.own_work_on(&record);
        let own = OwnWork::of(&own_records);
        let Some(server) = server else {
            return self.reject(seq, problem.clone());
        };
        let Met { merged, is_own } = own.meet(&record, &server, &server);
        let Merged::Rebased(standing) = merged else {
            return self.reject(seq, problem.clone());
        };
        let after_it = lay_over(&standing, Some(server.clone()));
        // Its own author is nobody to take a breath for.
        let standing = if is_own { *standing } else { self.after_a_breath(*standing) };
        self.put(standing.in_state(WriteState::Pending));
        self.rebase_later(&record, &server, after_it, &own);
    }

    /// What the user has done to the row on this device, in whatever tab, and the server has applied.
    fn own_work_on(&self, record: &OutboxRecord) -> Vec<OutboxRecord> {
        let same_row = |other: &&OutboxRecord| (other.table, other.row_id, other.user_id) == (record.table, record.row_id, record.user_id);
        let known = self.records.values().chain(self.past).filter(same_row);
        known.filter(|other| other.receipt.is_some()).cloned().collect()
    }

    /// A rebased write goes again at once; one that is overtaken time after time takes a breath first.
    fn after_a_breath(&self, mut record: OutboxRecord) -> OutboxRecord {
        record.attempts = record.attempts.saturating_add(1);
        record.next_attempt_at_ms = (record.attempts > REBASES_WITHOUT_PAUSE).then(|| self.now.ms.saturating_add(pause_ms(record.attempts, self.now.jitter)));
        record
    }

    /// Own later writes to the same row were made on the old base: each is merged with what will stand before it. One that does not
    /// build on the first (which its user has let go again after it) and may be applied is asked about first, as it is.
    fn rebase_later(&mut self, first: &OutboxRecord, server: &Row, mut before: Option<Row>, own: &OwnWork) {
        let line = self.line_of(first);
        let mut parked: HashSet<WriteId> = HashSet::new();
        let mut standing = vec![first.clone()];
        for seq in self.later_on_same_row(first) {
            let mut later = self.records[&seq].clone();
            let Some(row) = before.clone() else { return };
            let may_be_applied = later.is_unanswered || later.state == WriteState::Sending;
            if may_be_applied && !line.contains(&later.write_id) {
                return;
            }
            // It will be held back: what comes after it does not stand on it.
            if later.depends_on.iter().any(|id| parked.contains(id)) {
                parked.insert(later.write_id);
                continue;
            }
            standing.iter().for_each(|earlier| hear_what_stands(&mut later, earlier, &row));
            match own.meet(&later, server, &row).merged {
                Merged::Rebased(rebased) => {
                    before = lay_over(&rebased, Some(row));
                    standing.push((*rebased).clone());
                    self.put(*rebased);
                }
                // Also an own delete: it would remove what its author has not seen.
                Merged::Clash(_) => {
                    parked.insert(later.write_id);
                    self.reject(seq, clash_with(&later, &row));
                }
            }
        }
    }

    /// Waiting writes to the same row, made after `record`.
    fn later_on_same_row(&self, record: &OutboxRecord) -> Vec<u64> {
        let same_row = |other: &&OutboxRecord| (other.table, other.row_id) == (record.table, record.row_id);
        self.records
            .range(record.seq + 1..)
            .map(|(_, other)| other)
            .filter(same_row)
            .filter(|other| other.state.is_waiting())
            .map(|other| other.seq)
            .collect()
    }

    /// The write and whatever builds on it.
    fn line_of(&self, first: &OutboxRecord) -> HashSet<WriteId> {
        let mut line = HashSet::from([first.write_id]);
        for (_, record) in self.records.range(first.seq + 1..) {
            if record.depends_on.iter().any(|id| line.contains(id)) {
                line.insert(record.write_id);
            }
        }
        line
    }

    fn has_earlier_on_same_row(&self, record: &OutboxRecord) -> bool {
        let same_row = |other: &OutboxRecord| (other.table, other.row_id) == (record.table, record.row_id);
        self.records.range(..record.seq).any(|(_, other)| same_row(other) && other.state.is_waiting())
    }
}
