//! What every store promises, as one suite that memory and IndexedDB both pass.
//!
//! Call [`run`] from the store's own tests: `fresh` opens an empty store, `reopened` closes one and opens it again.
#![expect(clippy::unwrap_used, reason = "a suite fails by panicking")]

use super::{Amendment, Store};
use crate::{
    outbox::{Author, Change, OutboxRecord, Receipt, Stored, WriteState},
    shape_stream::{Place, RowChange, ShapeBatch},
};
use domain::{DeviceId, Operation, Row, RowId, Table, UserId, Value, WriteId};
use serde_json::{Value as Json, json};
use std::{collections::BTreeMap, fmt::Debug};

/// Runs every case, each on a store of its own.
pub async fn run<S>(fresh: impl AsyncFn() -> S, reopened: impl AsyncFn(S) -> S)
where
    S: Store<Error: Debug>,
{
    records_keep_their_order_and_everything_in_them(fresh().await, &reopened).await;
    order_goes_on_after_a_restart(fresh().await, &reopened).await;
    an_amendment_on_an_old_revision_changes_nothing(fresh().await).await;
    what_is_over_becomes_history(fresh().await, &reopened).await;
    history_is_forgotten_and_nothing_else(fresh().await, &reopened).await;
    rows_and_place_come_together(fresh().await, &reopened).await;
    a_reset_replaces_one_table_only(fresh().await).await;
    a_patch_of_a_missing_row_is_a_gap_and_stores_nothing(fresh().await).await;
    what_only_goes_on_is_a_gap_where_nothing_has_begun(fresh().await).await;
    a_missing_row_says_nothing_before_its_table_has_come(fresh().await).await;
    a_missing_row_says_nothing_while_the_log_is_half_read(fresh().await).await;
    an_echo_settles_an_acknowledged_write(fresh().await).await;
    an_acknowledgement_after_its_echo_settles_at_once(fresh().await).await;
    what_was_made_on_a_new_row_waits_for_its_echo(fresh().await).await;
    an_echo_is_given_up_only_when_the_log_has_had_nothing_new_time_after_time(fresh().await).await;
    a_row_that_went_may_come_back_with_the_echo(fresh().await).await;
    a_delete_settles_when_the_row_has_gone(fresh().await).await;
    forgetting_rows_keeps_the_outbox(fresh().await, &reopened).await;
    notes_are_kept_and_removed(fresh().await, &reopened).await;
}

/// An id that ends in `n`.
pub fn row_id(n: u64) -> RowId {
    format!("00000000-0000-7000-8000-{n:012}").parse().unwrap()
}

/// A write to the turn `row`.
pub fn record(write: u64, row: u64) -> OutboxRecord {
    let id = |n: u64| row_id(n).0;
    let author = Author {
        user_id: UserId(id(1)),
        device_id: DeviceId(id(2)),
        write_id: WriteId(id(write)),
        now_ms: 1_763_870_000_123,
    };
    let change = Change {
        from: Json::Null,
        to: json!("Schlüssel unter der Matte 🗝"),
        predicted: false,
    };
    OutboxRecord {
        changes: BTreeMap::from([("notes".to_owned(), change)]),
        base_version: Some(1),
        depends_on: vec![WriteId(id(900))],
        ..OutboxRecord::new(author, Table::Turns, row_id(row), Operation::Update)
    }
}

/// The same row's delete.
fn deletion(write: u64, row: u64) -> OutboxRecord {
    OutboxRecord {
        operation: Operation::Delete,
        changes: BTreeMap::new(),
        ..record(write, row)
    }
}

/// The turn `n` at a version.
pub fn turn(n: u64, version: i64) -> Row {
    let mut row = Row::blank(Table::Turns);
    row.set("id", Value::Uuid(row_id(n).0));
    row.set("version", Value::Int(version));
    row.set("notes", Value::text("O'Brien said “wait”"));
    row.set("estimated_amount", Value::Numeric(123_456));
    row.set("is_active", Value::Bool(true));
    row
}

fn batch(reset: bool, changes: Vec<RowChange>) -> ShapeBatch {
    ShapeBatch {
        table: Table::Turns,
        reset,
        changes,
        place: Place {
            handle: "1-2".into(),
            offset: "7_0".into(),
        },
        is_up_to_date: true,
    }
}

fn acked(record: &OutboxRecord, version: Option<i64>) -> OutboxRecord {
    let receipt = Receipt {
        version,
        txid: "8".into(),
        in_shape: true,
        received_at_ms: 1_763_870_000_500,
        quiet_looks: 0,
        comes_before_row: false,
    };
    OutboxRecord {
        receipt: Some(receipt),
        ..record.clone()
    }
    .in_state(WriteState::Acked)
}

async fn enqueue<S: Store<Error: Debug>>(store: &S, draft: OutboxRecord) -> OutboxRecord {
    store.enqueue(vec![draft]).await.unwrap().remove(0)
}

async fn readable<S: Store<Error: Debug>>(store: &S) -> Vec<OutboxRecord> {
    store.outbox().await.unwrap().into_iter().filter_map(Stored::record).collect()
}

async fn records_keep_their_order_and_everything_in_them<S: Store<Error: Debug>>(store: S, reopened: &impl AsyncFn(S) -> S) {
    // Ids against the order of making: the store must not sort by them.
    let stored = store.enqueue(vec![record(30, 1), record(10, 1), record(20, 2)]).await.unwrap();
    assert!(stored.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    assert_eq!(readable(&store).await, stored);
    let store = reopened(store).await;
    assert_eq!(readable(&store).await, stored);
}

async fn order_goes_on_after_a_restart<S: Store<Error: Debug>>(store: S, reopened: &impl AsyncFn(S) -> S) {
    let first = enqueue(&store, record(10, 1)).await;
    assert!(store.amend(vec![Amendment::of(first.clone().in_state(WriteState::Discarded))]).await.unwrap());
    let store = reopened(store).await;
    let second = enqueue(&store, record(11, 1)).await;
    assert!(second.seq > first.seq, "a number of a write that is gone must not come again");
}

async fn an_amendment_on_an_old_revision_changes_nothing<S: Store<Error: Debug>>(store: S) {
    let (first, second) = (enqueue(&store, record(10, 1)).await, enqueue(&store, record(11, 2)).await);
    let sending = Amendment::of(first.clone().in_state(WriteState::Sending));
    assert!(store.amend(vec![sending.clone()]).await.unwrap());
    let together = vec![Amendment::of(second.clone().in_state(WriteState::Sending)), sending.clone()];
    assert!(!store.amend(together).await.unwrap(), "the first was amended meanwhile");
    assert_eq!(readable(&store).await, [sending.record, second], "all or none");
    let unknown = Amendment::of(record(99, 1));
    assert!(!store.amend(vec![unknown]).await.unwrap(), "a record that is not there cannot be amended");
}

async fn what_is_over_becomes_history<S: Store<Error: Debug>>(store: S, reopened: &impl AsyncFn(S) -> S) {
    let (first, second) = (enqueue(&store, record(10, 1)).await, enqueue(&store, record(11, 2)).await);
    for over in [first.in_state(WriteState::Discarded), second.in_state(WriteState::Discarded)] {
        assert!(store.amend(vec![Amendment::of(over)]).await.unwrap());
    }
    let store = reopened(store).await;
    assert!(readable(&store).await.is_empty());
    let history = store.history(10).await.unwrap();
    assert_eq!(
        history.iter().map(|record| record.write_id.0).collect::<Vec<_>>(),
        [row_id(11).0, row_id(10).0],
        "the latest first"
    );
    assert_eq!(store.history(1).await.unwrap().len(), 1);
}

async fn history_is_forgotten_and_nothing_else<S: Store<Error: Debug>>(store: S, reopened: &impl AsyncFn(S) -> S) {
    for write in [10, 11] {
        let stored = enqueue(&store, record(write, write)).await;
        assert!(store.amend(vec![Amendment::of(stored.in_state(WriteState::Discarded))]).await.unwrap());
    }
    let waiting = enqueue(&store, record(12, 3)).await;
    store.forget_history(&[10, 12, 99].map(|write| WriteId(row_id(write).0))).await.unwrap();
    let store = reopened(store).await;
    let left: Vec<_> = store.history(10).await.unwrap().into_iter().map(|record| record.write_id.0).collect();
    assert_eq!(left, [row_id(11).0]);
    assert_eq!(readable(&store).await, [waiting], "what is not over is nobody's to forget");
}

async fn rows_and_place_come_together<S: Store<Error: Debug>>(store: S, reopened: &impl AsyncFn(S) -> S) {
    assert_eq!(store.place(Table::Turns).await.unwrap(), None);
    store
        .apply_shape(&batch(true, vec![RowChange::Put(turn(1, 1)), RowChange::Put(turn(2, 1))]))
        .await
        .unwrap();
    let column = |name| Table::Turns.column_index(name).unwrap();
    let columns = vec![(column("notes"), Value::text("patched")), (column("version"), Value::Int(2))];
    let applied = store
        .apply_shape(&batch(
            false,
            vec![
                RowChange::Patch { id: row_id(1), columns },
                RowChange::Remove(row_id(2)),
                RowChange::Put(turn(3, 1)),
            ],
        ))
        .await
        .unwrap();
    assert!(!applied.has_gap);
    let store = reopened(store).await;
    let mut expected = turn(1, 2);
    expected.set("notes", Value::text("patched"));
    let mut rows = store.rows(Table::Turns).await.unwrap().unwrap();
    rows.sort_by_key(Row::id);
    assert_eq!(rows, [expected.clone(), turn(3, 1)]);
    let asked = [row_id(2), row_id(1)];
    assert_eq!(store.rows_by_id(Table::Turns, &asked).await.unwrap(), Some(vec![expected]));
    assert_eq!(
        store.place(Table::Turns).await.unwrap(),
        Some(Place {
            handle: "1-2".into(),
            offset: "7_0".into()
        })
    );
    store.forget_rows().await.unwrap();
    assert_eq!(store.rows_by_id(Table::Turns, &asked).await.unwrap(), None, "nobody knows what is missing");
}

async fn a_reset_replaces_one_table_only<S: Store<Error: Debug>>(store: S) {
    let mut property = Row::blank(Table::Properties);
    property.set("id", Value::Uuid(row_id(1).0));
    let other = ShapeBatch {
        table: Table::Properties,
        ..batch(true, vec![RowChange::Put(property.clone())])
    };
    store.apply_shape(&other).await.unwrap();
    store
        .apply_shape(&batch(true, vec![RowChange::Put(turn(1, 1)), RowChange::Put(turn(2, 1))]))
        .await
        .unwrap();
    store.apply_shape(&batch(true, vec![RowChange::Put(turn(2, 5))])).await.unwrap();
    assert_eq!(store.rows(Table::Turns).await.unwrap(), Some(vec![turn(2, 5)]));
    assert_eq!(store.rows(Table::Properties).await.unwrap(), Some(vec![property]));
}

async fn a_patch_of_a_missing_row_is_a_gap_and_stores_nothing<S: Store<Error: Debug>>(store: S) {
    let patch = RowChange::Patch {
        id: row_id(1),
        columns: Vec::new(),
    };
    let applied = store.apply_shape(&batch(false, vec![RowChange::Put(turn(2, 1)), patch])).await.unwrap();
    assert!(applied.has_gap);
    assert_eq!(store.rows(Table::Turns).await.unwrap(), None);
    assert_eq!(store.place(Table::Turns).await.unwrap(), None, "what is missing is asked for again");
}

/// The rows were wiped under their stream: what goes on would be taken for the whole table.
async fn what_only_goes_on_is_a_gap_where_nothing_has_begun<S: Store<Error: Debug>>(store: S) {
    let goes_on = batch(false, vec![RowChange::Put(turn(1, 2))]);
    for _ in 0..2 {
        assert!(store.apply_shape(&goes_on).await.unwrap().has_gap);
        assert_eq!(store.rows(Table::Turns).await.unwrap(), None);
        assert_eq!(store.place(Table::Turns).await.unwrap(), None);
        store.apply_shape(&batch(true, vec![])).await.unwrap();
        assert_eq!(store.rows(Table::Turns).await.unwrap(), Some(vec![]), "it is here, and there is nothing in it");
        assert!(!store.apply_shape(&goes_on).await.unwrap().has_gap);
        store.forget_rows().await.unwrap();
    }
}

/// A delete is echoed by its row's absence, but not by that of the whole table.
async fn a_missing_row_says_nothing_before_its_table_has_come<S: Store<Error: Debug>>(store: S) {
    let deletes = [10, 11].map(|write| deletion(write, 1));
    let [before, after] = <[_; 2]>::try_from(store.enqueue(deletes.to_vec()).await.unwrap()).unwrap();
    assert!(store.amend(vec![Amendment::of(acked(&before, None))]).await.unwrap());
    assert_eq!(readable(&store).await.len(), 2, "nothing is known of the row");
    let came = store.apply_shape(&batch(true, vec![RowChange::Put(turn(2, 1))])).await.unwrap();
    assert_eq!(came.settled, [before.write_id]);
    assert!(store.amend(vec![Amendment::of(acked(&after, None))]).await.unwrap());
    assert!(readable(&store).await.is_empty(), "the table is here, and the row is not in it");
}

/// The row left its author's sight and came back, the author removed it, and the log is read as far as the first of these.
async fn a_missing_row_says_nothing_while_the_log_is_half_read<S: Store<Error: Debug>>(store: S) {
    let page = |is_up_to_date, changes| ShapeBatch {
        is_up_to_date,
        ..batch(false, changes)
    };
    store.apply_shape(&batch(true, vec![RowChange::Put(turn(1, 1))])).await.unwrap();
    let stored = enqueue(&store, deletion(10, 1)).await;
    store.apply_shape(&page(false, vec![RowChange::Remove(row_id(1))])).await.unwrap();
    assert!(store.amend(vec![Amendment::of(acked(&stored, None))]).await.unwrap());
    store.apply_shape(&page(false, vec![RowChange::Put(turn(1, 1))])).await.unwrap();
    assert_eq!(readable(&store).await.len(), 1, "it hides the row, which would come back otherwise");
    let gone = store.apply_shape(&page(true, vec![RowChange::Remove(row_id(1))])).await.unwrap();
    assert_eq!(gone.settled, [stored.write_id]);
}

async fn an_echo_settles_an_acknowledged_write<S: Store<Error: Debug>>(store: S) {
    store.apply_shape(&batch(true, vec![RowChange::Put(turn(1, 1))])).await.unwrap();
    let (first, waiting) = (enqueue(&store, record(10, 1)).await, enqueue(&store, record(11, 1)).await);
    assert!(store.amend(vec![Amendment::of(acked(&first, Some(3)))]).await.unwrap());
    let too_old = store.apply_shape(&batch(false, vec![RowChange::Put(turn(1, 2))])).await.unwrap();
    assert_eq!(too_old.settled, []);
    let echo = store.apply_shape(&batch(false, vec![RowChange::Put(turn(1, 3))])).await.unwrap();
    assert_eq!(echo.settled, [first.write_id]);
    assert_eq!(readable(&store).await, [waiting], "what the server has not applied stays");
    assert_eq!(store.history(1).await.unwrap()[0].state, WriteState::Settled);
}

async fn an_acknowledgement_after_its_echo_settles_at_once<S: Store<Error: Debug>>(store: S) {
    store.apply_shape(&batch(true, vec![RowChange::Put(turn(1, 4))])).await.unwrap();
    let first = enqueue(&store, record(10, 1)).await;
    assert!(store.amend(vec![Amendment::of(acked(&first, Some(4)))]).await.unwrap());
    assert!(readable(&store).await.is_empty());
}

/// A create and an edit of the same new row, acknowledged together: neither an old snapshot nor the missing row is their echo.
async fn what_was_made_on_a_new_row_waits_for_its_echo<S: Store<Error: Debug>>(store: S) {
    let create = OutboxRecord {
        operation: Operation::Create,
        depends_on: vec![],
        ..record(10, 1)
    };
    let edit = OutboxRecord {
        depends_on: vec![create.write_id],
        base_version: None,
        ..record(11, 1)
    };
    let stored = store.enqueue(vec![create, edit]).await.unwrap();
    let answered = [acked(&stored[0], Some(1)), acked(&stored[1], Some(2))].map(Amendment::of);
    assert!(store.amend(answered.to_vec()).await.unwrap());
    assert_eq!(readable(&store).await.len(), 2, "both are shown until their row is here");
    store.apply_shape(&batch(true, vec![RowChange::Put(turn(2, 1))])).await.unwrap();
    assert_eq!(readable(&store).await.len(), 2, "the snapshot is older than they are");
    let echo = store.apply_shape(&batch(false, vec![RowChange::Put(turn(1, 2))])).await.unwrap();
    assert_eq!(echo.settled.len(), 2);
}

/// How long it has been awaited no clock can say: the log is read to its end until it says nothing new, time after time.
async fn an_echo_is_given_up_only_when_the_log_has_had_nothing_new_time_after_time<S: Store<Error: Debug>>(store: S) {
    store.apply_shape(&batch(true, vec![RowChange::Put(turn(1, 1))])).await.unwrap();
    let stored = enqueue(&store, record(10, 1)).await;
    assert!(store.amend(vec![Amendment::of(acked(&stored, Some(3)))]).await.unwrap());
    let quiet = batch(false, vec![]);
    let half_read = ShapeBatch {
        is_up_to_date: false,
        ..batch(false, vec![RowChange::Put(turn(1, 2))])
    };
    let of_others = batch(false, vec![RowChange::Put(turn(2, 7))]);
    let anew = batch(true, vec![RowChange::Put(turn(1, 2))]);
    for look in [&half_read, &quiet, &of_others, &anew, &of_others, &half_read] {
        assert_eq!(store.apply_shape(look).await.unwrap().settled, [], "the echo may stand on the log's next page");
    }
    assert_eq!(readable(&store).await.len(), 1);
    assert_eq!(store.apply_shape(&quiet).await.unwrap().settled, [stored.write_id]);
}

/// Its author lost sight of it in the night and got it back: the log tells of both, and of the write last.
async fn a_row_that_went_may_come_back_with_the_echo<S: Store<Error: Debug>>(store: S) {
    store.apply_shape(&batch(true, vec![RowChange::Put(turn(1, 1))])).await.unwrap();
    let stored = enqueue(&store, record(10, 1)).await;
    assert!(store.amend(vec![Amendment::of(acked(&stored, Some(4)))]).await.unwrap());
    let page = |is_up_to_date, change| ShapeBatch {
        is_up_to_date,
        ..batch(false, vec![change])
    };
    for change in [RowChange::Remove(row_id(1)), RowChange::Put(turn(1, 3))] {
        assert_eq!(store.apply_shape(&page(false, change)).await.unwrap().settled, [], "the next page has more");
    }
    let left = store.apply_shape(&page(true, RowChange::Remove(row_id(1)))).await.unwrap();
    assert_eq!(left.settled, [stored.write_id], "it has gone for good");
}

async fn a_delete_settles_when_the_row_has_gone<S: Store<Error: Debug>>(store: S) {
    store.apply_shape(&batch(true, vec![RowChange::Put(turn(1, 4))])).await.unwrap();
    let stored = enqueue(&store, deletion(10, 1)).await;
    assert!(store.amend(vec![Amendment::of(acked(&stored, None))]).await.unwrap());
    assert_eq!(readable(&store).await.len(), 1, "its overlay hides the row until the shape has dropped it");
    let gone = store.apply_shape(&batch(false, vec![RowChange::Remove(row_id(1))])).await.unwrap();
    assert_eq!(gone.settled, [stored.write_id]);
}

async fn forgetting_rows_keeps_the_outbox<S: Store<Error: Debug>>(store: S, reopened: &impl AsyncFn(S) -> S) {
    store.apply_shape(&batch(true, vec![RowChange::Put(turn(1, 1))])).await.unwrap();
    let kept = enqueue(&store, record(10, 1)).await;
    store.forget_rows().await.unwrap();
    let store = reopened(store).await;
    assert_eq!(store.rows(Table::Turns).await.unwrap(), None);
    assert_eq!(store.place(Table::Turns).await.unwrap(), None);
    assert_eq!(readable(&store).await, [kept]);
}

async fn notes_are_kept_and_removed<S: Store<Error: Debug>>(store: S, reopened: &impl AsyncFn(S) -> S) {
    assert_eq!(store.note("session").await.unwrap(), None);
    store.set_note("session", Some("{\"äöü\":1}")).await.unwrap();
    let store = reopened(store).await;
    assert_eq!(store.note("session").await.unwrap().as_deref(), Some("{\"äöü\":1}"));
    store.set_note("session", None).await.unwrap();
    assert_eq!(store.note("session").await.unwrap(), None);
}
