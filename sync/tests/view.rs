//! The maintained view is the recomputed view, whatever order things came in.

use domain::{Operation, Row, RowId, Table, Value, WriteId};
use proptest::prelude::*;
use protocol::{Problem, ProblemCode};
use std::collections::{BTreeMap, BTreeSet};
use sync::{
    Failure, LocalView, Mark, OutboxRecord, Place, Receipt, RowChange, ShapeBatch, WriteState,
    outbox::merge::lay_over,
    store::conformance::{record, row_id, turn},
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
        for step in steps {
            let before: Vec<_> = (0..4).map(|row| plain.shown(row_id(row))).collect();
            let touched = live(step, &mut view, &mut plain);
            for row in 0..4 {
                let shown = plain.shown(row_id(row));
                prop_assert_eq!(view.row(Table::Turns, row_id(row)), shown.as_ref());
                // Whoever looks different has been told so.
                let is_told = touched.rows.contains(&(Table::Turns, row_id(row)));
                prop_assert!(shown == before[row as usize] || is_told);
            }
            for stage in 0..3 {
                let value = Value::Uuid(row_id(50 + stage).0);
                let expected: BTreeSet<_> = (0..4).filter_map(|row| plain.shown(row_id(row))).filter(|row| *row.get("stage_id") == value).map(|row| row.id()).collect();
                let members: Vec<_> = view.group(Table::Turns, "stage_id", value).map(Row::id).collect();
                prop_assert_eq!(members, expected.into_iter().collect::<Vec<_>>());
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
