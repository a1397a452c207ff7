//! Full records, one for each thing that a record can say.
//!
//! No field is left to a default: a field that is added to a record does not compile here before it has a sample.

use domain::{DeviceId, Operation, RowId, Table, UserId, WriteId};
use protocol::{Conflicts, Problem, ProblemCode};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use sync::{Change, Failure, OutboxRecord, Receipt, WriteState, outbox::SCHEMA, store::conformance::row_id};

/// Every state.
pub const STATES: [WriteState; 8] = [
    WriteState::Pending,
    WriteState::Sending,
    WriteState::Acked,
    WriteState::Rejected,
    WriteState::Blocked,
    WriteState::Held,
    WriteState::Settled,
    WriteState::Discarded,
];

/// A record for each operation, each state and each thing that can have happened, by a name for its file.
pub fn records() -> Vec<(String, OutboxRecord)> {
    let operations = Operation::ALL.map(|operation| (operation.name().to_owned(), made(operation)));
    let states = STATES.map(|state| (format!("state-{}", name_of(state)), full().in_state(state)));
    let happened = [
        ("full", full()),
        (
            "stage-change-that-rests-on-a-vendor",
            OutboxRecord {
                seen: full().seen,
                ..made(Operation::StageChange)
            },
        ),
        ("never-sent", made(Operation::Update)),
        (
            "applied-delete",
            OutboxRecord {
                receipt: Some(receipt(None)),
                ..made(Operation::Delete)
            }
            .in_state(WriteState::Acked),
        ),
        (
            "conflict",
            OutboxRecord {
                last_error: Some(failure(conflict())),
                ..made(Operation::Update)
            }
            .in_state(WriteState::Rejected),
        ),
        (
            "wrong-values",
            OutboxRecord {
                last_error: Some(failure(wrong_values())),
                ..made(Operation::Create)
            }
            .in_state(WriteState::Rejected),
        ),
    ];
    let happened = happened.map(|(name, record)| (name.to_owned(), record));
    operations.into_iter().chain(states).chain(happened).collect()
}

/// A record in which every field says something.
pub fn full() -> OutboxRecord {
    OutboxRecord {
        schema: SCHEMA,
        write_id: WriteId(row_id(7).0),
        user_id: UserId(row_id(1).0),
        device_id: DeviceId(row_id(2).0),
        seq: 41,
        table: Table::Turns,
        row_id: row_id(5),
        operation: Operation::Update,
        changes: changes(Operation::Update),
        seen: BTreeMap::from([("vendor_id".to_owned(), json!(row_id(30).to_string()))]),
        base_version: Some(3),
        rebased_on: Some(4),
        depends_on: vec![WriteId(row_id(6).0)],
        made_at_ms: 1_763_870_000_123,
        state: WriteState::Acked,
        attempts: 2,
        is_unanswered: true,
        next_attempt_at_ms: Some(1_763_870_009_000),
        last_error: Some(failure(conflict())),
        receipt: Some(receipt(Some(5))),
        revision: 6,
    }
}

/// A write as it is before it is first sent.
pub fn made(operation: Operation) -> OutboxRecord {
    let (table, row): (Table, RowId) = match operation {
        Operation::Create | Operation::Delete => (Table::ScopeItems, row_id(8)),
        Operation::Update | Operation::StageChange | Operation::Approve | Operation::Reject => (Table::Turns, row_id(5)),
    };
    OutboxRecord {
        table,
        row_id: row,
        operation,
        changes: changes(operation),
        base_version: (operation != Operation::Create).then_some(3),
        rebased_on: None,
        is_unanswered: false,
        seen: BTreeMap::new(),
        state: WriteState::Pending,
        attempts: 0,
        next_attempt_at_ms: None,
        last_error: None,
        receipt: None,
        revision: 0,
        ..full()
    }
}

fn changes(operation: Operation) -> BTreeMap<String, Change> {
    let columns = match operation {
        Operation::Create => vec![
            ("turn_id", Json::Null, json!(row_id(5).to_string()), false),
            ("description", Json::Null, json!("Schlüssel unter der Matte 🗝"), false),
            ("unit_cost", Json::Null, json!("125.50"), false),
            ("is_done", Json::Null, json!(false), false),
            ("created_at", Json::Null, json!("2026-11-23 04:48:01+00"), true),
        ],
        Operation::Update => vec![
            ("notes", Json::Null, json!("O'Brien said “wait”"), false),
            ("trash_out_needed", json!(false), json!(true), false),
        ],
        Operation::Delete => vec![],
        Operation::StageChange => vec![
            ("stage_id", json!(row_id(20).to_string()), json!(row_id(21).to_string()), false),
            ("stage_entered_at", Json::Null, json!("2026-11-23 04:48:01+00"), true),
        ],
        Operation::Approve | Operation::Reject => vec![("scope_digest", json!("ab12"), json!("ab12"), false)],
    };
    columns
        .into_iter()
        .map(|(column, from, to, predicted)| (column.to_owned(), Change { from, to, predicted }))
        .collect()
}

fn receipt(version: Option<i64>) -> Receipt {
    Receipt {
        version,
        txid: "812".to_owned(),
        in_shape: true,
        received_at_ms: 1_763_870_000_500,
        quiet_looks: 2,
        comes_before_row: true,
    }
}

fn failure(problem: Problem) -> Failure {
    Failure {
        problem,
        at_ms: 1_763_870_000_400,
    }
}

/// A problem in which every field says something.
pub fn conflict() -> Problem {
    let object = |json: Json| json.as_object().cloned().unwrap_or_default();
    let both = Conflicts {
        local_version: Some(3),
        server_version: 4,
        local_data: object(json!({"notes": "O'Brien said “wait”"})),
        server_data: object(json!({"id": row_id(5).to_string(), "version": 4, "notes": "Key is with the neighbour", "is_active": true})),
    };
    Problem {
        code: ProblemCode::Conflict,
        message: "somebody else changed this first".to_owned(),
        fields: BTreeMap::from([("notes".to_owned(), "was changed by both".to_owned())]),
        conflicts: Some(Box::new(both)),
    }
}

fn wrong_values() -> Problem {
    Problem::validation(
        "some values are not right",
        BTreeMap::from([("unit_cost".to_owned(), "must not be negative".to_owned())]),
    )
}

/// As it is stored.
pub fn name_of(state: WriteState) -> String {
    serde_json::to_value(state)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}
