//! Which writes go next.

use super::{OutboxRecord, WriteState};
use domain::WriteId;
use protocol::ProblemCode;
use std::collections::{HashMap, HashSet};

/// What the drainer does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// These writes, in this order, in one request.
    Send(Vec<WriteId>),
    /// Nothing before this moment, in milliseconds since 1970.
    WaitUntil(i64),
    /// Nothing is left that goes by itself.
    Idle,
}

/// After so many faults of the server a write travels alone, so that one poisoned write cannot hold up the others.
const ATTEMPTS_BEFORE_ALONE: u32 = 2;

/// Chooses the next batch from one user's records in order of `seq`.
///
/// Order is per row and along `depends_on`: a write goes when all it builds on is applied, or stands before it in the same batch.
pub fn plan(records: &[OutboxRecord], now_ms: i64, most: usize) -> Plan {
    let states: HashMap<WriteId, WriteState> = records.iter().map(|record| (record.write_id, record.state)).collect();
    let mut batch: Vec<WriteId> = Vec::new();
    let mut held_rows = HashSet::new();
    let mut wake_at_ms: Option<i64> = None;
    for record in records.iter().filter(|record| record.state.is_waiting()) {
        let row = (record.table, record.row_id);
        let ancestors_first = record.depends_on.iter().all(|id| match states.get(id) {
            None | Some(WriteState::Acked | WriteState::Settled) => true,
            Some(_) => batch.contains(id),
        });
        let due_at_ms = record.next_attempt_at_ms.filter(|at| *at > now_ms);
        if let Some(due_at_ms) = due_at_ms {
            wake_at_ms = Some(wake_at_ms.map_or(due_at_ms, |earliest| earliest.min(due_at_ms)));
        }
        if due_at_ms.is_some() || !ancestors_first || held_rows.contains(&row) {
            held_rows.insert(row);
            continue;
        }
        if travels_alone(record) {
            if batch.is_empty() {
                return Plan::Send(vec![record.write_id]);
            }
            held_rows.insert(row);
            continue;
        }
        batch.push(record.write_id);
        if batch.len() == most {
            break;
        }
    }
    match wake_at_ms {
        _ if !batch.is_empty() => Plan::Send(batch),
        Some(at) => Plan::WaitUntil(at),
        None => Plan::Idle,
    }
}

fn travels_alone(record: &OutboxRecord) -> bool {
    let faulted = record
        .last_error
        .as_ref()
        .is_some_and(|failure| !matches!(failure.problem.code, ProblemCode::Unavailable | ProblemCode::RateLimited));
    faulted && record.attempts >= ATTEMPTS_BEFORE_ALONE
}
