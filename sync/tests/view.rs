//! The maintained view is the recomputed view, whatever order things came in.

use domain::{Operation, Row, RowId, Table, Value, WriteId};
use proptest::prelude::*;
use protocol::{Problem, ProblemCode};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use sync::{
    Failure, LocalView, Mark, OutboxRecord, Place, Receipt, RowChange, ShapeBatch, WriteState,
    outbox::merge::lay_over,
    store::conformance::{record, row_id, turn},
    view::Group,
};

#[derive(Clone, Debug)]
enum Step {
    Put { row: u64, version: i64, stage: u64 },
    Remove { row: u64 },
    Reset { rows: Vec<u64> },
    Write { write: u64, row: u64, stage: u64 },
    State { write: u64, state: WriteState, version: i64 },
    Settle { write: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let (row, write, stage, version) = (0..4_u64, 0..8_u64, 0..3_u64, 1..5_i64);
    let state = prop::sample::select(vec![
        WriteState::Pending,
        WriteState::Sending,
        WriteState::Acked,
        WriteState::Rejected,
        WriteState::Blocked,
    ]);
    prop_oneof![
        (row.clone(), version.clone(), stage.clone()).prop_map(|(row, version, stage)| Step::Put { row, version, stage }),
        row.clone().prop_map(|row| Step::Remove { row }),
        prop::collection::vec(row.clone(), 0..3).prop_map(|rows| Step::Reset { rows }),
        (write.clone(), row, stage).prop_map(|(write, row, stage)| Step::Write { write, row, stage }),
        (write.clone(), state, version).prop_map(|(write, state, version)| Step::State { write, state, version }),
        write.prop_map(|write| Step::Settle { write }),
    ]
}

fn turn_in(row: u64, version: i64, stage: u64) -> Row {
    let mut turn = turn(row, version);
    turn.set("stage_id", Value::Uuid(row_id(50 + stage).0));
    turn.set("due_date", domain::Date::from_days(20_000 - version as i32).map_or(Value::Null, Value::Date));
    turn
}

fn stage_write(write: u64, row: u64, stage: u64) -> OutboxRecord {
    let mut record = record(write, row);
    let to = serde_json::json!(row_id(50 + stage).to_string());
    record.changes.insert(
        "stage_id".into(),
        sync::Change {
            from: serde_json::Value::Null,
            to,
            predicted: false,
        },
    );
    OutboxRecord { seq: write + 1, ..record }
}

/// What the view should be, worked out from nothing each time.
#[derive(Default)]
struct Plain {
    synced: BTreeMap<RowId, Row>,
    writes: BTreeMap<u64, OutboxRecord>,
}

impl Plain {
    fn shown(&self, id: RowId) -> Option<Row> {
        let synced = self.synced.get(&id).cloned();
        let version = synced.as_ref().map(Row::version);
        let mine = self.writes.values().filter(|write| write.row_id == id && write.state.is_overlaid());
        let contained = |write: &&OutboxRecord| write.state == WriteState::Acked && write.receipt.as_ref().is_some_and(|receipt| version >= receipt.version);
        mine.filter(|write| !contained(write)).fold(synced, |row, write| lay_over(write, row))
    }
}

fn batch(reset: bool, changes: Vec<RowChange>) -> ShapeBatch {
    ShapeBatch {
        table: Table::Turns,
        reset,
        changes,
        place: Place {
            handle: String::new(),
            offset: String::new(),
        },
        is_up_to_date: true,
    }
}

fn live(step: Step, view: &mut LocalView, plain: &mut Plain) -> sync::Touched {
    match step {
        Step::Put { row, version, stage } => {
            plain.synced.insert(row_id(row), turn_in(row, version, stage));
            view.apply_shape(&batch(false, vec![RowChange::Put(turn_in(row, version, stage))]))
        }
        Step::Remove { row } => {
            plain.synced.remove(&row_id(row));
            view.apply_shape(&batch(false, vec![RowChange::Remove(row_id(row))]))
        }
        Step::Reset { rows } => {
            plain.synced = rows.iter().map(|row| (row_id(*row), turn_in(*row, 9, 0))).collect();
            view.apply_shape(&batch(true, plain.synced.values().cloned().map(RowChange::Put).collect()))
        }
        Step::Write { write, row, stage } if !plain.writes.contains_key(&write) => {
            plain.writes.insert(write, stage_write(write, row, stage));
            view.put_write(stage_write(write, row, stage))
        }
        Step::State { write, state, version } if plain.writes.contains_key(&write) => {
            let mut record = plain.writes[&write].clone().in_state(state);
            record.receipt = (state == WriteState::Acked).then(|| Receipt {
                version: Some(version),
                txid: "1".into(),
                in_shape: true,
                received_at_ms: 0,
                quiet_looks: 0,
                comes_before_row: false,
            });
            plain.writes.insert(write, record.clone());
            view.put_write(record)
        }
        Step::Settle { write } => {
            plain.writes.remove(&write);
            view.remove_write(WriteId(row_id(write).0))
        }
        Step::Write { .. } | Step::State { .. } => sync::Touched::default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn maintained_equals_recomputed(steps in prop::collection::vec(step(), 1..30)) {
        let (mut view, mut plain) = (LocalView::default(), Plain::default());
        let mut members_before = [const { Vec::new() }; 3];
        for step in steps {
            let before: Vec<_> = (0..4).map(|row| plain.shown(row_id(row))).collect();
            let touched = live(step, &mut view, &mut plain);
            for row in 0..4 {
                let shown = plain.shown(row_id(row));
                prop_assert_eq!(view.row(Table::Turns, row_id(row)), shown.as_ref());
                // Whoever looks different has been told so.
                let is_told = touched.rows.contains(&(Table::Turns, row_id(row))) || touched.whole.contains(&Table::Turns);
                prop_assert!(shown == before[row as usize] || is_told);
            }
            for stage in 0..3 {
                let value = Value::Uuid(row_id(50 + stage).0);
                let in_stage = (0..4).filter_map(|row| plain.shown(row_id(row))).filter(|row| *row.get("stage_id") == value);
                let expected: BTreeSet<_> = in_stage.map(|row| (row.date("due_date"), row.id())).collect();
                let members: Vec<_> = view.group(Table::Turns, "stage_id", value.clone()).map(Row::id).collect();
                prop_assert_eq!(&members, &expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
                // Whoever reads a list that is another now has been told so.
                let group = Group { table: Table::Turns, column: "stage_id", value };
                let is_told = touched.groups.contains(&group) || touched.whole.contains(&Table::Turns);
                prop_assert!(members == members_before[stage as usize] || is_told);
                members_before[stage as usize] = members;
            }
            prop_assert_eq!(view.count(Table::Turns), (0..4).filter(|row| plain.shown(row_id(*row)).is_some()).count());
        }
    }
}

#[test]
fn a_refused_write_leaves_the_view_and_marks_its_row() {
    let mut view = LocalView::default();
    view.apply_shape(&batch(true, vec![RowChange::Put(turn_in(1, 1, 0))]));
    view.put_write(stage_write(1, 1, 2));
    assert_eq!(view.mark(Table::Turns, row_id(1)), Mark::Waiting);
    assert_eq!(view.row(Table::Turns, row_id(1)).unwrap().row_id("stage_id"), Some(row_id(52)));
    view.put_write(stage_write(1, 1, 2).in_state(WriteState::Rejected));
    assert_eq!(view.mark(Table::Turns, row_id(1)), Mark::NeedsYou);
    assert_eq!(view.row(Table::Turns, row_id(1)).unwrap().row_id("stage_id"), Some(row_id(50)));
}

/// Somebody else was quicker, and the shape has not brought that yet: what I have removed does not come back for a moment.
#[test]
fn a_row_that_the_server_does_not_have_any_more_is_not_shown_again() {
    let mut view = LocalView::default();
    view.apply_shape(&batch(true, vec![RowChange::Put(turn_in(1, 1, 0))]));
    let refused = |code| OutboxRecord {
        operation: Operation::Delete,
        last_error: Some(Failure {
            problem: Problem::new(code, "no"),
            at_ms: 0,
        }),
        ..stage_write(1, 1, 2).in_state(WriteState::Rejected)
    };
    view.put_write(refused(ProblemCode::NotFound));
    assert_eq!(view.row(Table::Turns, row_id(1)), None);
    view.put_write(refused(ProblemCode::Permission));
    assert!(view.row(Table::Turns, row_id(1)).is_some(), "what may not be removed is there");
}

#[test]
fn a_tap_that_is_not_stored_yet_survives_a_reload_of_the_outbox() {
    let mut view = LocalView::default();
    view.put_write(OutboxRecord {
        seq: 0,
        ..stage_write(1, 1, 2)
    });
    view.load_outbox(vec![stage_write(2, 1, 1)]);
    assert_eq!(view.unsettled_writes(Table::Turns, row_id(1)).count(), 2);
    view.load_outbox(vec![]);
    assert_eq!(view.unsettled_writes(Table::Turns, row_id(1)).count(), 1);
}

/// The write `write` to a row of a table, which gives or saw these columns.
fn about(write: u64, table: Table, row: u64, operation: Operation, given: &[(&str, Json)], seen: &[(&str, Json)]) -> OutboxRecord {
    let change = |to: &Json| sync::Change {
        from: Json::Null,
        to: to.clone(),
        predicted: false,
    };
    OutboxRecord {
        table,
        operation,
        seq: write,
        changes: given.iter().map(|(name, to)| (name.to_string(), change(to))).collect(),
        seen: seen.iter().map(|(name, to)| (name.to_string(), to.clone())).collect(),
        ..record(write, row)
    }
}

#[test]
fn what_is_about_a_turn_is_known_also_of_rows_that_are_not_shown() {
    let of_turn = [("turn_id", json!(row_id(1).to_string()))];
    let paper = |of: &'static str, id| [("entity_type", json!(of)), ("entity_id", json!(row_id(id).to_string()))];
    let writes = [
        about(1, Table::Turns, 1, Operation::Update, &[], &[]),
        about(2, Table::ScopeItems, 20, Operation::Create, &of_turn, &[]),
        about(3, Table::ScopeItems, 21, Operation::Update, &[], &of_turn),
        about(4, Table::Approvals, 22, Operation::Create, &of_turn, &[]),
        about(5, Table::Documents, 23, Operation::Create, &paper("turn", 1), &[]),
        about(6, Table::Documents, 24, Operation::Create, &paper("scope_item", 20), &[]),
        about(7, Table::Documents, 25, Operation::Create, &paper("property", 1), &[]),
        about(8, Table::ScopeItems, 26, Operation::Update, &[], &[("turn_id", json!(row_id(9).to_string()))]),
    ];
    let mut view = LocalView::default();
    let told = |view: &LocalView| view.writes_about(row_id(1)).iter().map(|record| record.seq).collect::<Vec<_>>();
    // Refused, none of it is shown.
    for record in writes {
        view.put_write(record.in_state(WriteState::Rejected));
    }
    assert_eq!(told(&view), [1, 2, 3, 4, 5, 6]);
    assert_eq!(Mark::of(view.writes_about(row_id(1))), Mark::NeedsYou);
    let touched = view.remove_write(WriteId(row_id(2).0));
    assert!(touched.turns.contains(&row_id(1)), "who shows the turn hears of it");
    assert_eq!(told(&view), [1, 3, 4, 5, 6]);
}

#[test]
fn an_old_write_is_about_the_turn_that_its_row_has_named() {
    let mut view = LocalView::default();
    view.put_write(about(1, Table::ScopeItems, 20, Operation::Update, &[], &[]));
    assert_eq!(view.turn_of(WriteId(row_id(1).0)), None);
    let mut item = Row::blank(Table::ScopeItems);
    item.set("id", Value::Uuid(row_id(20).0));
    item.set("turn_id", Value::Uuid(row_id(1).0));
    let items = |changes| ShapeBatch {
        table: Table::ScopeItems,
        ..batch(false, changes)
    };
    assert!(view.apply_shape(&items(vec![RowChange::Put(item)])).turns.contains(&row_id(1)));
    view.apply_shape(&items(vec![RowChange::Remove(row_id(20))]));
    view.put_write(about(1, Table::ScopeItems, 20, Operation::Update, &[], &[]).in_state(WriteState::Rejected));
    assert_eq!(view.writes_about(row_id(1)).len(), 1, "though somebody has deleted it");
}
