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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Author, Failure};
    use domain::{DeviceId, Operation, RowId, Table, UserId};
    use protocol::Problem;

    fn id(n: u64) -> WriteId {
        format!("00000000-0000-7000-8000-{n:012}").parse().expect("an id")
    }

    fn write(n: u64, row: u64, depends_on: &[u64]) -> OutboxRecord {
        let author = Author {
            user_id: UserId(id(90).0),
            device_id: DeviceId(id(91).0),
            write_id: id(n),
            now_ms: 0,
        };
        OutboxRecord {
            seq: n,
            depends_on: depends_on.iter().map(|n| id(*n)).collect(),
            ..OutboxRecord::new(author, Table::Turns, RowId(id(row).0), Operation::Update)
        }
    }

    fn check(records: &[OutboxRecord], expected: &[u64]) {
        assert_eq!(plan(records, 100, 10), Plan::Send(expected.iter().map(|n| id(*n)).collect()));
    }

    #[test]
    fn a_chain_travels_together_in_order() {
        check(&[write(1, 1, &[]), write(2, 1, &[1]), write(3, 2, &[])], &[1, 2, 3]);
    }

    #[test]
    fn what_builds_on_a_refused_write_stays() {
        check(&[write(1, 1, &[]).in_state(WriteState::Rejected), write(2, 2, &[1]), write(3, 3, &[])], &[3]);
    }

    #[test]
    fn a_paused_write_holds_its_row_and_nobody_else() {
        let paused = OutboxRecord {
            next_attempt_at_ms: Some(500),
            ..write(1, 1, &[])
        };
        check(&[paused.clone(), write(2, 1, &[]), write(3, 2, &[])], &[3]);
        assert_eq!(plan(&[paused], 100, 10), Plan::WaitUntil(500));
    }

    #[test]
    fn sending_found_at_a_start_is_asked_again() {
        check(&[write(1, 1, &[]).in_state(WriteState::Sending)], &[1]);
    }

    #[test]
    fn a_suspect_travels_alone_and_last() {
        let fault = Failure {
            problem: Problem::new(ProblemCode::Internal, "fault"),
            at_ms: 0,
        };
        let suspect = OutboxRecord {
            attempts: 2,
            last_error: Some(fault),
            ..write(1, 1, &[])
        };
        check(&[write(2, 2, &[]), suspect.clone(), write(3, 3, &[])], &[2, 3]);
        check(&[suspect, write(3, 3, &[])], &[1]);
    }

    #[test]
    fn a_batch_has_a_limit_and_an_empty_outbox_rests() {
        let many: Vec<_> = (1..=12).map(|n| write(n, n, &[])).collect();
        check(&many, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(plan(&[], 100, 10), Plan::Idle);
    }
}
