//! Which writes go next.
//!
//! **Invariant:** whatever the clock says, no write waits longer than the longest pause.

use super::{OutboxRecord, WriteState};
use domain::WriteId;
use protocol::ProblemCode;
use std::collections::{BTreeSet, HashMap, HashSet};

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

/// How far one write is trusted not to make the server fail, the most trusted first: one poisoned write must not hold up the others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    /// Nothing speaks against it.
    Fresh,
    /// It was in one request that met a fault of the server: it travels only with its like, and when nothing fresh can go.
    Suspect,
    /// It met a fault again, among suspects: it travels alone, and last; of several, the one that has met the fewest. Whoever fails time after
    /// time would else be the first again as often as its pause is over, and the others never have their turn.
    Alone(u32),
}

impl Trust {
    fn of(record: &OutboxRecord) -> Self {
        let failure = record.last_error.as_ref();
        let faulted = failure.is_some_and(|failure| !matches!(failure.problem.code, ProblemCode::Unavailable | ProblemCode::RateLimited));
        match record.attempts {
            0 => Self::Fresh,
            _ if !faulted => Self::Fresh,
            1 => Self::Suspect,
            faults => Self::Alone(faults),
        }
    }
}

/// Chooses the next batch from one user's records in order of `seq`.
///
/// Order is along `depends_on`, and else per row: a write goes when all it builds on is applied, or stands before it in the same batch.
/// A held write is asked about in its time; it keeps back what builds on it and nobody else.
pub fn plan(records: &[OutboxRecord], now_ms: i64, most: usize) -> Plan {
    let order = in_order(records);
    let alone: BTreeSet<Trust> = order.iter().map(|record| Trust::of(record)).filter(|trust| *trust > Trust::Suspect).collect();
    let batch = [(Trust::Fresh, most), (Trust::Suspect, most)]
        .into_iter()
        .chain(alone.into_iter().map(|trust| (trust, 1)))
        .map(|(least, most)| batch(records, &order, least, now_ms, most))
        .find(|batch| !batch.is_empty());
    if let Some(batch) = batch {
        return Plan::Send(batch);
    }
    let wake_at_ms = order.iter().filter_map(|record| record.paused_until(now_ms)).min();
    wake_at_ms.map_or(Plan::Idle, Plan::WaitUntil)
}

/// Of those in `order` that are trusted so far and can go now, the first `most`.
fn batch(records: &[OutboxRecord], order: &[&OutboxRecord], least: Trust, now_ms: i64, most: usize) -> Vec<WriteId> {
    let states: HashMap<WriteId, WriteState> = records.iter().map(|record| (record.write_id, record.state)).collect();
    let all: HashSet<WriteId> = order.iter().map(|record| record.write_id).collect();
    let (mut batch, mut passed, mut waiting_rows) = (Vec::new(), HashSet::new(), HashSet::new());
    for record in order {
        if batch.len() == most {
            break;
        }
        passed.insert(record.write_id);
        let row = (record.table, record.row_id);
        let paused = record.paused_until(now_ms).is_some();
        if record.state == WriteState::Held {
            batch.extend((!paused).then_some(record.write_id));
            continue;
        }
        let ancestors_first = record.depends_on.iter().all(|id| match states.get(id) {
            None | Some(WriteState::Acked | WriteState::Settled) => true,
            // It builds on this one, too: somebody has to be the first.
            Some(_) if *id == record.write_id || all.contains(id) && !passed.contains(id) => true,
            Some(WriteState::Held) => false,
            Some(_) => batch.contains(id),
        });
        if paused || !ancestors_first || waiting_rows.contains(&row) || Trust::of(record) > least {
            waiting_rows.insert(row);
            continue;
        }
        batch.push(record.write_id);
    }
    batch
}

/// What concerns the drainer, in the order in which it goes: by `seq` within a row, but nothing before what it builds on. Of writes that build
/// on each other, which nobody can have meant, the earliest comes first.
fn in_order(records: &[OutboxRecord]) -> Vec<&OutboxRecord> {
    let mut left: Vec<&OutboxRecord> = records.iter().filter(|record| record.state.concerns_drainer()).collect();
    let mut open: HashSet<WriteId> = left.iter().map(|record| record.write_id).collect();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let (before, mut rows) = (ordered.len(), HashSet::new());
        left.retain(|record| {
            let row = (record.table, record.row_id);
            if rows.contains(&row) || record.depends_on.iter().any(|id| open.contains(id)) {
                rows.insert(row);
                return true;
            }
            open.remove(&record.write_id);
            ordered.push(*record);
            false
        });
        if ordered.len() == before {
            let first = left.remove(needed_first(&left));
            open.remove(&first.write_id);
            ordered.push(first);
        }
    }
    ordered
}

/// What the first of those that wait for each other builds on in the end, and which builds on none of them; in a circle its earliest.
fn needed_first(left: &[&OutboxRecord]) -> usize {
    let mut way = vec![0];
    loop {
        let last = way[way.len() - 1];
        let builds_on = |place: &usize| left[last].depends_on.contains(&left[*place].write_id);
        let Some(next) = (0..left.len()).find(builds_on) else { return last };
        if let Some(begin) = way.iter().position(|place| *place == next) {
            return way[begin..].iter().copied().min().unwrap_or(next);
        }
        way.push(next);
    }
}

/// Whether nothing is left but what supervisors decide about, and what builds on that: to come back for it sooner than in its time helps nobody.
/// `records` are one user's, in order of `seq`.
pub fn waits_only_for_supervisors(records: &[OutboxRecord]) -> bool {
    let mut with_supervisors = HashSet::new();
    for record in in_order(records) {
        let builds_on_one = || record.depends_on.iter().any(|id| with_supervisors.contains(id));
        if record.state != WriteState::Held && !builds_on_one() {
            return false;
        }
        with_supervisors.insert(record.write_id);
    }
    true
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
    fn what_is_built_on_goes_first_whatever_its_number() {
        check(&[write(1, 1, &[3]), write(2, 1, &[]), write(3, 2, &[])], &[3, 1, 2]);
        check(&[write(1, 1, &[2]), write(2, 1, &[]), write(3, 1, &[])], &[2, 1, 3]);
        let paused = OutboxRecord {
            next_attempt_at_ms: Some(500),
            ..write(2, 1, &[])
        };
        assert_eq!(plan(&[write(1, 1, &[2]), paused], 100, 10), Plan::WaitUntil(500));
        assert!(waits_only_for_supervisors(&[write(1, 1, &[2]), write(2, 2, &[]).in_state(WriteState::Held)]));
    }

    #[test]
    fn nobody_waits_for_a_circle() {
        check(&[write(1, 1, &[1])], &[1]);
        check(&[write(1, 1, &[3]), write(2, 2, &[3]), write(3, 3, &[2])], &[2, 3, 1]);
        check(&[write(1, 1, &[2]), write(2, 1, &[1])], &[1, 2]);
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
    fn a_clock_that_is_wrong_by_a_year_holds_up_nobody() {
        const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1_000;
        let paused = OutboxRecord {
            next_attempt_at_ms: Some(YEAR_MS + 5_000),
            ..write(1, 1, &[])
        };
        let sent = Plan::Send(vec![id(1)]);
        for (now_ms, expected) in [
            (YEAR_MS, Plan::WaitUntil(YEAR_MS + 5_000)),
            (YEAR_MS - 60_000, Plan::WaitUntil(YEAR_MS + 5_000)),
            (0, sent.clone()),
            (2 * YEAR_MS, sent.clone()),
            (i64::MIN, sent),
        ] {
            assert_eq!(plan(std::slice::from_ref(&paused), now_ms, 10), expected, "at {now_ms}");
        }
    }

    #[test]
    fn a_held_write_is_asked_about_in_its_time_and_keeps_back_only_what_builds_on_it() {
        let held = |next_attempt_at_ms| {
            OutboxRecord {
                next_attempt_at_ms,
                ..write(1, 1, &[])
            }
            .in_state(WriteState::Held)
        };
        let others = [write(2, 2, &[1]), write(3, 1, &[])];
        let outbox = |next| [vec![held(next)], others.to_vec()].concat();
        check(&outbox(None), &[1, 3]);
        check(&outbox(Some(500)), &[3]);
        assert_eq!(plan(&outbox(Some(500))[..2], 100, 10), Plan::WaitUntil(500), "what builds on it has a timer");
    }

    #[test]
    fn who_waits_for_a_supervisor_is_told_from_who_waits_for_the_server() {
        let held = write(1, 1, &[]).in_state(WriteState::Held);
        let refused = write(9, 9, &[]).in_state(WriteState::Rejected);
        let builds_on_it = [write(2, 2, &[1]), write(3, 3, &[2])];
        let all = |more: &[OutboxRecord]| [&[held.clone(), refused.clone()], &builds_on_it[..], more].concat();
        assert!(waits_only_for_supervisors(&all(&[])));
        for by_itself in [write(4, 4, &[]), write(4, 1, &[]), write(4, 4, &[]).in_state(WriteState::Sending)] {
            assert!(!waits_only_for_supervisors(&all(&[by_itself])));
        }
        assert!(waits_only_for_supervisors(&[]));
    }

    #[test]
    fn sending_found_at_a_start_is_asked_again() {
        check(&[write(1, 1, &[]).in_state(WriteState::Sending)], &[1]);
    }

    fn faulted(attempts: u32, write: OutboxRecord) -> OutboxRecord {
        let problem = Problem::new(ProblemCode::Internal, "fault");
        let last_error = Some(Failure { problem, at_ms: 0 });
        OutboxRecord { attempts, last_error, ..write }
    }

    #[test]
    fn suspects_travel_with_their_like_and_after_what_is_fresh() {
        let suspects = [faulted(1, write(1, 1, &[])), faulted(1, write(2, 1, &[1])), faulted(1, write(3, 3, &[]))];
        check(&suspects, &[1, 2, 3]);
        check(&[&suspects[..], &[write(4, 4, &[])]].concat(), &[4]);
        check(&[&suspects[..], &[write(4, 1, &[])]].concat(), &[1, 2, 3, 4]);
    }

    #[test]
    fn what_failed_among_suspects_travels_alone_and_last() {
        let alone = faulted(2, write(1, 1, &[]));
        check(&[write(2, 2, &[]), alone.clone(), write(3, 3, &[])], &[2, 3]);
        check(&[alone.clone(), write(3, 3, &[])], &[3]);
        check(&[alone.clone(), write(3, 1, &[])], &[1]);
        check(&[alone.clone(), write(3, 3, &[1])], &[1]);
        check(&[alone.clone(), faulted(2, write(2, 2, &[]))], &[1]);
        check(
            &[faulted(3, write(1, 1, &[])), faulted(2, write(2, 2, &[])), faulted(2, write(3, 1, &[]))],
            &[2],
        );
        check(&[alone, faulted(1, write(2, 2, &[]))], &[2]);
    }

    #[test]
    fn a_batch_has_a_limit_and_an_empty_outbox_rests() {
        let many: Vec<_> = (1..=12).map(|n| write(n, n, &[])).collect();
        check(&many, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(plan(&[], 100, 10), Plan::Idle);
    }
}
