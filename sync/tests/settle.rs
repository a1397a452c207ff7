//! What an answer means where the random days of `drain.rs` need long to get to it.

use domain::WriteId;
use protocol::{Problem, ProblemCode, WriteAnswer};
use std::collections::BTreeMap;
use sync::{
    Delivery, OutboxRecord, Receipt, WriteState,
    outbox::{
        resolve::clash_with,
        settle::{Now, park_orphans, settle, settle_knowing},
    },
    store::conformance::{record, row_id, turn},
};

const NOW: Now = Now { ms: 1_000, jitter: 0.5 };

fn id(n: u64) -> WriteId {
    WriteId(row_id(n).0)
}

/// The write `n` to the turn 5, which builds on `on`.
fn write(n: u64, on: &[u64], state: WriteState) -> OutboxRecord {
    OutboxRecord {
        seq: n,
        depends_on: on.iter().map(|n| id(*n)).collect(),
        ..record(n, 5)
    }
    .in_state(state)
}

fn states(before: &[OutboxRecord], amended: Vec<OutboxRecord>) -> Vec<WriteState> {
    let mut states: BTreeMap<u64, WriteState> = before.iter().map(|record| (record.seq, record.state)).collect();
    states.extend(amended.iter().map(|record| (record.seq, record.state)));
    states.into_values().collect()
}

/// The turn as somebody else has left it: with other notes than those that the writes were made on.
fn conflict(record: &OutboxRecord) -> WriteAnswer {
    WriteAnswer::refused(Some(record.write_id), clash_with(record, &turn(5, 7)))
}

/// The first was refused and let go again by its user, while the second was on its way already.
#[test]
fn what_may_be_applied_is_not_refused_by_what_became_of_another_write() {
    let second = write(2, &[], WriteState::Sending);
    let lost = OutboxRecord {
        is_unanswered: true,
        ..write(2, &[], WriteState::Pending)
    };
    for second in [second, lost] {
        let mut first = write(1, &[], WriteState::Sending);
        first.changes.clear();
        let records = [first, second.clone(), write(3, &[2], second.state)];
        let settled = settle(&records, &[id(1)], &Delivery::Results(vec![conflict(&records[0])]), NOW);
        assert_eq!(states(&records, settled), [WriteState::Pending, second.state, second.state]);
    }
}

/// What builds on a write without a receipt has none either.
#[test]
fn what_builds_on_a_refused_write_is_parked_also_where_it_was_left_as_sending() {
    let records = [write(1, &[], WriteState::Rejected), write(2, &[1], WriteState::Sending)];
    assert_eq!(states(&records, park_orphans(&records, NOW)), [WriteState::Rejected, WriteState::Blocked]);
}

#[test]
fn a_request_that_is_refused_as_a_whole_says_nothing_about_what_was_sent_before() {
    let refused = Delivery::Refused {
        problem: Problem::new(ProblemCode::PayloadTooLarge, "too large"),
        retry_after_ms: None,
    };
    for (is_unanswered, expected) in [(false, WriteState::Rejected), (true, WriteState::Pending)] {
        let records = [OutboxRecord {
            is_unanswered,
            ..write(1, &[], WriteState::Sending)
        }];
        assert_eq!(states(&records, settle(&records, &[id(1)], &refused, NOW)), [expected]);
    }
}

#[test]
fn a_receipt_counts_whatever_else_the_answer_says() {
    let records = [write(1, &[], WriteState::Sending), write(2, &[], WriteState::Sending)];
    let receipt = WriteAnswer::applied(id(2), records[1].table, None, Some(8), "9".to_owned(), true);
    let settled = settle(&records, &[id(1), id(2)], &Delivery::Results(vec![conflict(&records[0]), receipt]), NOW);
    assert_eq!(states(&records, settled)[1], WriteState::Acked);
}

/// Another tab has done something to the row, and it was applied and settled before this tab heard of it.
#[test]
fn a_person_has_no_conflict_with_what_they_did_in_another_tab() {
    let other_tabs = OutboxRecord {
        receipt: Some(Receipt {
            version: Some(7),
            txid: "1".into(),
            in_shape: true,
            received_at_ms: 0,
        }),
        ..write(1, &[], WriteState::Settled)
    };
    let base_version = Some(6);
    let mine = OutboxRecord {
        base_version,
        ..write(2, &[], WriteState::Sending)
    };
    let answer = Delivery::Results(vec![conflict(&mine)]);
    let settled = |past: &[OutboxRecord]| settle_knowing(std::slice::from_ref(&mine), past, &[id(2)], &answer, NOW).remove(0);
    let again = settled(std::slice::from_ref(&other_tabs));
    assert_eq!((again.state, again.base_version), (WriteState::Pending, Some(7)));
    assert_eq!(settled(&[]).state, WriteState::Rejected, "somebody else's");
}
