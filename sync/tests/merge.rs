//! What merges by itself, and what is asked about.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::{DeviceId, Mutation, Operation, Row, Table, Timestamp, UserId, Value, WriteId, mutation::Facts};
use serde_json::{Value as Json, json};
use sync::{
    LocalView, OutboxRecord, draft,
    outbox::{
        Author,
        merge::{Merged, merge},
    },
    store::conformance::row_id,
};

const VENDOR: u64 = 30;
const PLAIN: u64 = 40;
const ASKS_FOR_VENDOR: u64 = 41;

fn row(table: Table, id: u64, columns: Json) -> Row {
    let mut columns = columns.as_object().unwrap().clone();
    columns.insert("id".to_owned(), row_id(id).to_string().into());
    columns.insert("version".to_owned(), 1.into());
    Row::from_json(table, &columns).unwrap()
}

fn id(n: u64) -> String {
    row_id(n).to_string()
}

/// The write that the app makes of a tap on `before`.
fn tap(before: &Row, operation: Operation, data: Json) -> OutboxRecord {
    tap_over(vec![], before, operation, data)
}

/// The same where these writes wait already.
fn tap_over(waiting: Vec<OutboxRecord>, before: &Row, operation: Operation, data: Json) -> OutboxRecord {
    let mut view = LocalView::default();
    view.load_outbox(waiting);
    let stages = [
        row(Table::TurnStages, PLAIN, json!({})),
        row(Table::TurnStages, ASKS_FOR_VENDOR, json!({"requires_vendor": true})),
    ];
    view.load_table(Table::TurnStages, stages.to_vec());
    view.load_table(before.table(), vec![before.clone()]);
    let mutation = Mutation::read(before.table(), before.id(), operation, data.as_object().unwrap()).unwrap();
    let author = Author {
        user_id: UserId(row_id(1).0),
        device_id: DeviceId(row_id(2).0),
        write_id: WriteId(row_id(3).0),
        now_ms: 0,
    };
    let facts = Facts {
        current: Some(before),
        ..Facts::default()
    };
    let after = mutation.apply(facts, author.user_id, Timestamp::from_millis(0));
    draft(&mutation, Some(before), after.as_ref(), author, &view)
}

/// The row after somebody else's edit.
fn edited(before: &Row, columns: &[(&str, Value)]) -> Row {
    let mut row = before.clone();
    for (column, value) in columns {
        assert!(row.set(column, value.clone()), "{column}");
    }
    row.set("version", Value::Int(row.version() + 1));
    row
}

fn check(before: &Row, operation: Operation, mine: Json, theirs: &[(&str, Value)], asked_about: &[&str]) {
    let record = tap(before, operation, mine.clone());
    let clash = match merge(&record, &edited(before, theirs)) {
        Merged::Rebased(_) => vec![],
        Merged::Clash(columns) => columns,
    };
    assert_eq!(clash, asked_about, "mine: {mine}, theirs: {theirs:?}");
}

fn turn() -> Row {
    row(
        Table::Turns,
        5,
        json!({"stage_id": id(PLAIN), "vendor_id": id(VENDOR), "estimated_amount": "1000.00", "priority": "low"}),
    )
}

fn item() -> Row {
    row(
        Table::ScopeItems,
        8,
        json!({"turn_id": id(5), "room": "Kitchen", "category": "Paint", "description": "Walls", "quantity": "1", "unit_cost": "9.50"}),
    )
}

/// The first was refused and is sent again: the second does not know of it, and a third sees both.
#[test]
fn a_tap_builds_on_all_that_it_sees_waiting() {
    let made = |n: u64, on: &[u64]| OutboxRecord {
        write_id: WriteId(row_id(n).0),
        seq: n,
        depends_on: on.iter().map(|n| WriteId(row_id(*n).0)).collect(),
        ..tap(&turn(), Operation::Update, json!({"notes": "a"}))
    };
    let third = |waiting| tap_over(waiting, &turn(), Operation::Update, json!({"notes": "b"})).depends_on;
    assert_eq!(third(vec![made(11, &[]), made(12, &[])]), [11, 12].map(|n| WriteId(row_id(n).0)));
    assert_eq!(third(vec![made(11, &[]), made(12, &[11])]), [WriteId(row_id(12).0)]);
}

#[test]
fn different_columns_merge_and_the_same_one_is_asked_about() {
    let update = Operation::Update;
    check(&turn(), update, json!({"notes": "a"}), &[("priority", Value::text("high"))], &[]);
    check(&turn(), update, json!({"notes": "a"}), &[("notes", Value::text("b"))], &["notes"]);
    check(&turn(), update, json!({"notes": "a"}), &[("notes", Value::text("a"))], &[]);
    check(&item(), update, json!({"is_done": true, "position": 3}), &[("position", Value::Int(4))], &[]);
}

#[test]
fn one_decision_is_asked_about_as_a_whole() {
    let update = Operation::Update;
    let other_vendor = || Value::Uuid(row_id(31).0);
    check(
        &turn(),
        update,
        json!({"vendor_id": id(31)}),
        &[("estimated_amount", Value::Numeric(200_000))],
        &["estimated_amount", "vendor_id"],
    );
    check(
        &turn(),
        update,
        json!({"estimated_amount": "5.00", "notes": "a"}),
        &[("vendor_id", other_vendor())],
        &["estimated_amount", "vendor_id"],
    );
    check(&turn(), update, json!({"estimated_amount": "5.00"}), &[("priority", Value::text("high"))], &[]);
    check(&turn(), update, json!({"vendor_id": id(31)}), &[("vendor_id", other_vendor())], &[]);
    check(
        &item(),
        update,
        json!({"quantity": "3"}),
        &[("unit_cost", Value::Numeric(2_000))],
        &["quantity", "unit_cost"],
    );
    check(&item(), update, json!({"description": "Ceiling"}), &[("unit_cost", Value::Numeric(2_000))], &[]);
}

#[test]
fn a_stage_change_asks_when_its_vendor_is_another_and_the_stage_asks_for_one() {
    let other_vendor = || [("vendor_id", Value::Uuid(row_id(31).0))];
    let to = |stage| json!({"stage_id": id(stage)});
    check(
        &turn(),
        Operation::StageChange,
        to(ASKS_FOR_VENDOR),
        &other_vendor(),
        &["stage_id", "vendor_id"],
    );
    check(&turn(), Operation::StageChange, to(50), &other_vendor(), &[]);
    check(
        &turn(),
        Operation::StageChange,
        to(ASKS_FOR_VENDOR),
        &[("estimated_amount", Value::Numeric(5))],
        &[],
    );
}

/// What rests on nothing remembers nothing, and a row that can be deleted under an edit is remembered as it was.
#[test]
fn a_write_remembers_what_it_may_need() {
    let seen = |before: &Row, data: Json| tap(before, Operation::Update, data).seen.into_keys().collect::<Vec<_>>();
    assert!(seen(&turn(), json!({"notes": "a"})).is_empty());
    assert_eq!(
        seen(&turn(), json!({"vendor_id": null})),
        ["actual_amount", "change_order_amount", "estimated_amount"]
    );
    assert_eq!(
        seen(&item(), json!({"is_done": true})),
        ["category", "description", "quantity", "room", "turn_id", "unit_cost"]
    );
    let deleted = tap(&item(), Operation::Delete, json!({})).seen;
    assert!(
        deleted.contains_key("unit_cost") && deleted["position"].is_null(),
        "all that a person could change: {deleted:?}"
    );
}
