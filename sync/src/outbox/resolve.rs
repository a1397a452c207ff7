//! What a user may do with writes that wait or were refused.
//!
//! Each function gives the amended records; the caller stores them in one transaction.

use super::{OutboxRecord, WriteState};
use domain::WriteId;

/// Sends everything that waits without its pause, and asks at once what the supervisors say.
pub fn retry_now(records: &[OutboxRecord]) -> Vec<OutboxRecord> {
    let paused = records
        .iter()
        .filter(|record| matches!(record.state, WriteState::Pending | WriteState::Held) && record.next_attempt_at_ms.is_some());
    paused
        .map(|record| OutboxRecord {
            next_attempt_at_ms: None,
            ..record.clone()
        })
        .collect()
}

/// Sends a refused write again as it is, and frees what it held up.
pub fn send_again(records: &[OutboxRecord], write_id: WriteId) -> Vec<OutboxRecord> {
    let freed = descendants(records, write_id);
    let again = |record: &&OutboxRecord| {
        (record.write_id == write_id && record.state.needs_user()) || (freed.contains(&record.write_id) && record.state == WriteState::Blocked)
    };
    records
        .iter()
        .filter(again)
        .map(|record| {
            OutboxRecord {
                next_attempt_at_ms: None,
                attempts: 0,
                last_error: None,
                ..record.clone()
            }
            .in_state(WriteState::Pending)
        })
        .collect()
}

/// Gives up a write that the server has not applied, and with it what builds on it (see [`descendants`], to be shown first).
pub fn discard(records: &[OutboxRecord], write_id: WriteId) -> Vec<OutboxRecord> {
    let gone = descendants(records, write_id);
    let droppable = |record: &&OutboxRecord| matches!(record.state, WriteState::Pending | WriteState::Rejected | WriteState::Blocked);
    let chosen = records.iter().filter(|record| record.write_id == write_id || gone.contains(&record.write_id));
    chosen.filter(droppable).map(|record| record.clone().in_state(WriteState::Discarded)).collect()
}

/// Every unsettled write that builds on `write_id`, directly or not, in order.
pub fn descendants(records: &[OutboxRecord], write_id: WriteId) -> Vec<WriteId> {
    let mut found = vec![write_id];
    for record in records {
        if record.depends_on.iter().any(|id| found.contains(id)) {
            found.push(record.write_id);
        }
    }
    found.remove(0);
    found
}
