//! What a user may do with writes that wait or were refused. `drain.rs` does all of it at random; here it can be read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::{Operation, Row, Table, Value, WriteId};
use protocol::{Problem, ProblemCode};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use sync::{
    Change, Failure, OutboxRecord, WriteState,
    outbox::resolve::{self, Question, Side, clash_with, descendants, discard, newest, question, retry_now, send_again},
    store::conformance::{record, row_id, turn},
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

/// Shown as if it went, it would be built on; and then it would not go.
#[test]
fn what_builds_on_a_refused_write_is_not_sent_again_without_it() {
    assert_eq!(told(&send_again(&refused_family(), id(2))), []);
    let mut records = refused_family();
    records.push(write(5, &[], WriteState::Rejected));
    records[1].depends_on.push(id(5));
    assert_eq!(told(&send_again(&records, id(1))), [(1, WriteState::Pending)], "the fifth holds up the others");
}

/// The row that was looked at had the first over it.
#[test]
fn what_is_decided_over_an_own_waiting_write_does_not_go_without_it() {
    let mut refused = write(2, &[], WriteState::Rejected);
    let first = OutboxRecord {
        row_id: refused.row_id,
        ..write(1, &[], WriteState::Sending)
    };
    refused.last_error = Some(Failure {
        problem: clash_with(&refused, &turn(2, 7)),
        at_ms: 0,
    });
    let kept = resolve::keep_mine(&[first, refused], id(2), Some(&turn(2, 7)));
    assert_eq!(kept.iter().map(|record| &record.depends_on[..]).collect::<Vec<_>>(), [[id(1)]]);
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

#[test]
fn what_may_be_applied_cannot_be_given_up() {
    let unanswered = |state| OutboxRecord {
        is_unanswered: true,
        ..write(1, &[], state)
    };
    for state in [WriteState::Pending, WriteState::Rejected] {
        assert_eq!(told(&discard(&[unanswered(state)], id(1))), []);
        assert_eq!(told(&discard(&[write(1, &[], state)], id(1))), [(1, WriteState::Discarded)]);
    }
}

/// The write `n` to the turn 5, made of `columns`: name, what was seen, what is wanted.
fn edit(n: u64, on: &[u64], columns: &[(&str, &str, &str)], state: WriteState) -> OutboxRecord {
    let change = |(name, from, to): &(&str, &str, &str)| (name.to_string(), changed(json!(from), json!(to)));
    OutboxRecord {
        row_id: row_id(5),
        changes: columns.iter().map(change).collect(),
        ..write(n, on, state)
    }
}

fn changed(from: Json, to: Json) -> Change {
    Change { from, to, predicted: false }
}

fn refused(record: OutboxRecord, problem: Problem) -> OutboxRecord {
    OutboxRecord {
        last_error: Some(Failure { problem, at_ms: 9 }),
        ..record.in_state(WriteState::Rejected)
    }
}

/// The turn 5 as somebody else has left it.
fn theirs(notes: &str) -> Row {
    let mut row = turn(5, 7);
    row.set("notes", Value::text(notes));
    row.set("work_order_number", Value::text("W0"));
    row
}

/// Two columns, of which somebody else changed one; a later own edit of each.
fn clash() -> Vec<OutboxRecord> {
    let first = edit(1, &[], &[("notes", "a", "mine"), ("work_order_number", "W0", "W1")], WriteState::Rejected);
    let problem = clash_with(&first, &theirs("theirs"));
    vec![
        refused(first, problem),
        edit(2, &[1], &[("work_order_number", "W1", "W2")], WriteState::Blocked),
        edit(3, &[2], &[("notes", "mine", "mine, later")], WriteState::Blocked),
    ]
}

fn changes(record: &OutboxRecord) -> Vec<(&str, &str, &str)> {
    record
        .changes
        .iter()
        .map(|(name, change)| (name.as_str(), change.from.as_str().unwrap(), change.to.as_str().unwrap()))
        .collect()
}

#[test]
fn a_clash_asks_about_the_columns_that_both_changed() {
    let records = clash();
    let server = newest(&records[0], Some(&turn(5, 6))).unwrap();
    assert_eq!(server, theirs("theirs"), "what came with the refusal is newer than what the shape has brought");
    assert_eq!(newest(&records[0], Some(&turn(5, 8))), Some(turn(5, 8)));
    let columns = vec!["notes".to_owned()];
    assert_eq!(question(&records[0], Some(&server)), Question::Clash { columns });
}

#[test]
fn keeping_mine_stands_on_what_its_author_looked_at() {
    let kept = resolve::keep_mine(&clash(), id(1), Some(&theirs("theirs")));
    assert_eq!(told(&kept), [(1, WriteState::Pending), (2, WriteState::Pending), (3, WriteState::Pending)]);
    assert_eq!(changes(&kept[0]), [("notes", "theirs", "mine"), ("work_order_number", "W0", "W1")]);
    assert_eq!(kept.iter().map(|record| record.base_version).collect::<Vec<_>>(), [Some(7); 3]);
}

#[test]
fn taking_theirs_leaves_what_nobody_contests_and_asks_about_what_was_made_on_mine() {
    let taken = resolve::take_theirs(&clash(), id(1), Some(&theirs("theirs")));
    assert_eq!(told(&taken), [(1, WriteState::Pending), (2, WriteState::Pending), (3, WriteState::Rejected)]);
    assert_eq!(changes(&taken[0]), [("work_order_number", "W0", "W1")]);
    let standing = newest(&taken[2], None).unwrap();
    assert_eq!((standing.text("notes"), standing.text("work_order_number")), (Some("theirs"), Some("W2")));
}

#[test]
fn a_write_that_says_nothing_any_more_is_given_up_and_the_later_ones_stand_by_themselves() {
    let mut records = clash();
    records[0].changes.remove("work_order_number");
    records[1].changes.insert("work_order_number".to_owned(), changed(json!("W0"), json!("W2")));
    let taken = resolve::take_theirs(&records, id(1), Some(&theirs("theirs")));
    assert_eq!(told(&taken), [(1, WriteState::Discarded), (2, WriteState::Pending), (3, WriteState::Rejected)]);
    assert_eq!((taken[1].depends_on.as_slice(), taken[1].base_version), (&[][..], Some(7)));
}

#[test]
fn merging_needs_a_word_about_every_contested_column() {
    let merge = |sides: &[(&str, Side)]| {
        let sides = sides.iter().map(|(name, side)| (name.to_string(), *side)).collect();
        resolve::merge_fields(&clash(), id(1), &theirs("theirs"), &sides)
    };
    assert!(merge(&[("work_order_number", Side::Mine)]).is_empty());
    let mixed = merge(&[("notes", Side::Mine), ("work_order_number", Side::Theirs)]);
    assert_eq!(changes(&mixed[0]), [("notes", "theirs", "mine")]);
}

#[test]
fn editing_is_held_against_the_rules_before_anything_is_kept() {
    let edited = |to: Json| resolve::edit_and_resend(&clash(), id(1), Some(&theirs("theirs")), &BTreeMap::from([("notes".to_owned(), to)]));
    assert!(edited(json!(7)).is_err());
    let sent = edited(json!("both")).unwrap();
    assert_eq!(changes(&sent[0])[0], ("notes", "theirs", "both"));
    assert_eq!(sent[2].state, WriteState::Rejected, "a later own edit was made on other words");
}

/// A home that somebody has numbered before, a turn of it, and a delete of it.
fn same_home() -> (Vec<OutboxRecord>, Row) {
    let mut other = Row::blank(Table::Properties);
    other.set("id", Value::Uuid(row_id(70).0));
    other.set("version", Value::Int(3));
    let of = |n, on: &[u64], table, row, operation, columns: &[(&str, Json)]| OutboxRecord {
        table,
        row_id: row_id(row),
        operation,
        changes: columns.iter().map(|(name, to)| (name.to_string(), changed(Json::Null, to.clone()))).collect(),
        base_version: None,
        ..write(n, on, WriteState::Blocked)
    };
    let home = of(1, &[], Table::Properties, 60, Operation::Create, &[("property_number", json!("17"))]);
    let problem = clash_with(&home, &other);
    let turn = of(2, &[1], Table::Turns, 61, Operation::Create, &[("property_id", json!(row_id(60).to_string()))]);
    let named = of(3, &[1], Table::Properties, 60, Operation::Update, &[("notes", json!("blue door"))]);
    let gone = of(4, &[3], Table::Properties, 60, Operation::Delete, &[]);
    (vec![refused(home, problem), turn, named, gone], other)
}

#[test]
fn a_second_create_of_one_thing_gives_way_and_what_was_made_on_it_follows() {
    let (records, other) = same_home();
    let columns = Table::Properties.natural_key();
    assert_eq!(question(&records[0], None), Question::SameThing { columns, other: Some(other) });
    assert!(resolve::keep_mine(&records, id(1), None).is_empty(), "two homes with one number cannot be kept");
    let taken = resolve::take_theirs(&records, id(1), None);
    let expected = [
        (1, WriteState::Discarded),
        (2, WriteState::Pending),
        (3, WriteState::Pending),
        (4, WriteState::Discarded),
    ];
    assert_eq!(told(&taken), expected, "and theirs is not deleted because mine was");
    assert_eq!(
        (taken[1].row_id, &taken[1].changes["property_id"].to),
        (row_id(61), &json!(row_id(70).to_string()))
    );
    assert_eq!((taken[2].row_id, taken[2].base_version), (row_id(70), Some(3)));
    assert!(taken[1..].iter().all(|record| !record.depends_on.contains(&id(1))));
}

#[test]
fn an_edit_of_a_deleted_row_can_make_it_again() {
    let known = json!({"turn_id": row_id(5).to_string(), "room": "Kitchen", "category": "Paint", "quantity": "1.00", "unit_cost": "9.50",
        "is_done": false, "is_change_order": false, "position": 3});
    let gone = OutboxRecord {
        table: Table::ScopeItems,
        seen: known.as_object().unwrap().clone().into_iter().collect(),
        ..edit(1, &[], &[("description", "Walls", "Ceiling")], WriteState::Rejected)
    };
    let gone = refused(gone, Problem::new(ProblemCode::NotFound, "gone"));
    assert_eq!(question(&gone, None), Question::DeletedMeanwhile { can_be_made_again: true });
    let later = OutboxRecord {
        table: Table::ScopeItems,
        ..edit(2, &[1], &[("description", "Ceiling", "Floor")], WriteState::Blocked)
    };
    let again = resolve::make_again(&[gone.clone(), later], id(1), row_id(99));
    assert_eq!(told(&again), [(1, WriteState::Pending), (2, WriteState::Pending)]);
    assert_eq!(
        (again[0].operation, again[0].row_id, again[0].base_version),
        (Operation::Create, row_id(99), None)
    );
    assert_eq!(again[0].changes["room"].to, "Kitchen");
    assert_eq!((again[1].row_id, again[1].base_version), (row_id(99), None));
    // A cost that its author does not see would come back as nothing.
    let mut unknown = gone;
    unknown.seen.remove("unit_cost");
    assert_eq!(question(&unknown, None), Question::DeletedMeanwhile { can_be_made_again: false });
    assert!(resolve::make_again(&[unknown], id(1), row_id(99)).is_empty());
}

/// My vendor at the amount that I saw; somebody else has changed the amount.
fn my_vendor_their_amount() -> (OutboxRecord, Row) {
    let (mine, before) = (row_id(31).to_string(), row_id(30).to_string());
    let record = OutboxRecord {
        seen: BTreeMap::from([("estimated_amount".to_owned(), json!("1000.00"))]),
        ..edit(1, &[], &[("vendor_id", &before, &mine)], WriteState::Rejected)
    };
    let mut server = turn(5, 7);
    server.set("vendor_id", Value::Uuid(row_id(30).0));
    server.set("estimated_amount", Value::Numeric(250_000));
    let problem = clash_with(&record, &server);
    (refused(record, problem), server)
}

#[test]
fn keeping_mine_keeps_the_whole_decision_as_its_author_saw_it() {
    let (record, server) = my_vendor_their_amount();
    let columns = vec!["estimated_amount".to_owned(), "vendor_id".to_owned()];
    assert_eq!(question(&record, Some(&server)), Question::Clash { columns });
    let kept = resolve::keep_mine(&[record], id(1), Some(&server));
    assert_eq!(
        changes(&kept[0])[0],
        ("estimated_amount", "2500.00", "1000.00"),
        "and not my vendor at their amount"
    );
    assert_eq!(kept[0].changes.len(), 2);
}

#[test]
fn what_theirs_was_taken_of_is_still_what_mine_rests_on() {
    let (record, server) = my_vendor_their_amount();
    let sides = BTreeMap::from([("vendor_id".to_owned(), Side::Mine), ("estimated_amount".to_owned(), Side::Theirs)]);
    let merged = resolve::merge_fields(std::slice::from_ref(&record), id(1), &server, &sides);
    let edited = BTreeMap::from([("estimated_amount".to_owned(), json!("2500.00"))]);
    let sent = resolve::edit_and_resend(&[record], id(1), Some(&server), &edited).unwrap();
    for decided in [&merged[0], &sent[0]] {
        assert_eq!(decided.changes.keys().collect::<Vec<_>>(), ["vendor_id"]);
        assert_eq!(decided.seen["estimated_amount"], "2500.00");
    }
    // Somebody changes it once more: it is asked about once more.
    let mut later = server;
    later.set("estimated_amount", Value::Numeric(990_000));
    assert!(matches!(sync::outbox::merge::merge(&merged[0], &later), sync::outbox::merge::Merged::Clash(_)));
}

#[test]
fn a_delete_of_what_somebody_has_edited_keeps_their_row_or_deletes_it_as_it_is_now() {
    let delete = OutboxRecord {
        operation: Operation::Delete,
        seen: BTreeMap::from([("notes".to_owned(), json!("a"))]),
        ..edit(1, &[], &[], WriteState::Rejected)
    };
    let problem = clash_with(&delete, &theirs("theirs"));
    let records = [refused(delete, problem)];
    let server = newest(&records[0], None);
    assert_eq!(question(&records[0], server.as_ref()), Question::EditedMeanwhile);
    let anyway = resolve::keep_mine(&records, id(1), server.as_ref());
    assert_eq!((told(&anyway), anyway[0].base_version), (vec![(1, WriteState::Pending)], Some(7)));
    assert_eq!(anyway[0].seen["notes"], "theirs", "another edit would be shown beside what was looked at");
    let kept = resolve::take_theirs(&records, id(1), server.as_ref());
    assert_eq!(told(&kept), [(1, WriteState::Discarded)]);
}
