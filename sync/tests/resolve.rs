//! What a user may do with writes that wait or were refused.

use domain::WriteId;
use sync::{
    OutboxRecord, WriteState,
    outbox::resolve::{descendants, discard, retry_now, send_again},
    store::conformance::{record, row_id},
};

fn id(n: u64) -> WriteId {
    WriteId(row_id(n).0)
}

/// The write `n`, which builds on `on`.
fn write(n: u64, on: &[u64], state: WriteState) -> OutboxRecord {
    OutboxRecord {
        seq: n,
        depends_on: on.iter().map(|n| id(*n)).collect(),
        ..record(n, n)
    }
    .in_state(state)
}

/// A refused create, what hangs on it, and something else that waits.
fn refused_family() -> Vec<OutboxRecord> {
    vec![
        write(1, &[], WriteState::Rejected),
        write(2, &[1], WriteState::Blocked),
        write(3, &[2], WriteState::Blocked),
        write(4, &[], WriteState::Pending),
    ]
}

fn told(records: &[OutboxRecord]) -> Vec<(u64, WriteState)> {
    records.iter().map(|record| (record.seq, record.state)).collect()
}

#[test]
fn what_goes_with_a_discarded_write_is_known_before() {
    assert_eq!(descendants(&refused_family(), id(1)), [id(2), id(3)]);
    assert_eq!(descendants(&refused_family(), id(4)), []);
}

#[test]
fn discarding_takes_what_builds_on_it_and_nothing_else() {
    let discarded = [(1, WriteState::Discarded), (2, WriteState::Discarded), (3, WriteState::Discarded)];
    assert_eq!(told(&discard(&refused_family(), id(1))), discarded);
}

#[test]
fn what_is_with_the_server_or_on_its_way_cannot_be_discarded() {
    for state in [WriteState::Sending, WriteState::Acked] {
        assert_eq!(told(&discard(&[write(1, &[], state)], id(1))), []);
    }
}

#[test]
fn sending_again_frees_what_was_held_up() {
    let again = [(1, WriteState::Pending), (2, WriteState::Pending), (3, WriteState::Pending)];
    assert_eq!(told(&send_again(&refused_family(), id(1))), again);
}

#[test]
fn retrying_ends_pauses_and_touches_nothing_else() {
    let paused = OutboxRecord {
        next_attempt_at_ms: Some(9_000),
        ..write(5, &[], WriteState::Pending)
    };
    let mut records = refused_family();
    records.push(paused);
    let retried = retry_now(&records);
    assert_eq!(told(&retried), [(5, WriteState::Pending)]);
    assert_eq!(retried[0].next_attempt_at_ms, None);
}
