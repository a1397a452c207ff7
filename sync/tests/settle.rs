//! What an answer means where the random days of `drain.rs` need long to get to it.

use domain::WriteId;
use protocol::{Problem, ProblemCode, WriteAnswer};
use serde_json::json;
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

/// It would be over before the one that it builds on, and that one be shown over it until it is asked about again.
#[test]
fn a_receipt_is_asked_for_again_with_what_was_not_said_about_an_earlier_write_to_its_row() {
    let records = [write(1, &[], WriteState::Sending), write(2, &[1], WriteState::Sending)];
    let receipt = |n: u64| WriteAnswer::applied(id(n), records[0].table, None, Some(8), "9".to_owned(), true);
    let fault = WriteAnswer::refused(Some(id(1)), Problem::new(ProblemCode::Internal, "out of order"));
    let after = |answers: Vec<WriteAnswer>| settle(&records, &[id(1), id(2)], &Delivery::Results(answers), NOW);
    for half in [vec![receipt(2)], vec![receipt(2), fault]] {
        let settled = after(half);
        assert!(settled.iter().all(|record| record.is_unanswered && record.receipt.is_none()));
        assert_eq!(states(&records, settled), [WriteState::Pending, WriteState::Pending]);
    }
    assert_eq!(states(&records, after(vec![receipt(2), receipt(1)])), [WriteState::Acked, WriteState::Acked]);
    assert_eq!(states(&records, after(vec![receipt(1)])), [WriteState::Acked, WriteState::Pending]);
}

/// The row is not here yet, and comes before it goes: its delete would be over, and it be seen.
#[test]
fn a_delete_is_not_over_before_the_row_that_it_deletes_has_come() {
    let delete = |n, on: &[u64]| OutboxRecord {
        operation: domain::Operation::Delete,
        changes: BTreeMap::new(),
        ..write(n, on, WriteState::Sending)
    };
    let records = [write(1, &[], WriteState::Sending), delete(2, &[1])];
    let receipt = |n: u64, version| WriteAnswer::applied(id(n), records[0].table, None, version, "9".to_owned(), true);
    let answers = Delivery::Results(vec![receipt(1, Some(1)), receipt(2, None)]);
    let settled = settle(&records, &[id(1), id(2)], &answers, NOW);
    assert!(settled.iter().all(|record| !record.is_echoed(None, false)), "{settled:?}");
    assert!(settled[1].is_echoed(None, true), "it has gone");
    let alone = settle(&records[1..], &[id(2)], &answers, NOW);
    assert!(alone[0].is_echoed(None, false), "it is not here, and nothing says that it will be");
    // Its create went another way, in a file: the row was never here, and nothing on this device says that it will come.
    let of_new = OutboxRecord {
        base_version: None,
        ..records[1].clone()
    };
    let of_new = settle(&[of_new], &[id(2)], &answers, NOW);
    assert!(!of_new[0].is_echoed(None, false), "it comes and goes");
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
            quiet_looks: 0,
            comes_before_row: false,
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
    // Nor is it put off by having met it often, or taken for something that its author has not seen.
    assert_eq!((again.attempts, again.next_attempt_at_ms, again.rebased_on), (0, None, None));
    assert_eq!(settled(&[]).state, WriteState::Rejected, "somebody else's");
}

/// Neither heard of the other, and both were made before their user's own version 7.
#[test]
fn later_taps_of_another_tab_are_no_question_either() {
    let made = |n| OutboxRecord {
        receipt: Some(Receipt {
            version: Some(7),
            txid: "1".into(),
            in_shape: true,
            received_at_ms: 0,
            quiet_looks: 0,
            comes_before_row: false,
        }),
        ..write(n, &[], WriteState::Settled)
    };
    let waiting = |n, to: &str| {
        let mut waiting = OutboxRecord {
            base_version: Some(6),
            ..write(n, &[], WriteState::Sending)
        };
        waiting.changes.get_mut("notes").unwrap().to = json!(to);
        waiting
    };
    let records = [waiting(2, "mine"), waiting(3, "mine as well").in_state(WriteState::Pending)];
    let settled = settle_knowing(&records, &[made(1)], &[id(2)], &Delivery::Results(vec![conflict(&records[0])]), NOW);
    let stand: Vec<_> = settled
        .iter()
        .map(|record| (record.state, record.base_version, &record.changes["notes"].from))
        .collect();
    let of_office = turn(5, 7).get("notes").to_json(domain::ColumnType::Text);
    assert_eq!(
        stand,
        [(WriteState::Pending, Some(7), &of_office), (WriteState::Pending, Some(7), &json!("mine"))]
    );
}
