//! The store's promises in IndexedDB, in a page.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use browser::{
    crypto::Key,
    store::{Happening, Holdings, IdbStore, Leaving, Session, StoreError},
};
use common::{fresh, fresh_name, write_id};
use domain::{Role, Table, UserId, Value};
use indexed_db_futures::{Build, BuildPrimitive, database::Database, transaction::TransactionMode};
use protocol::User;
use std::{cell::Cell, rc::Rc};
use sync::{
    Amendment, OutboxRecord, Place, RowChange, ShapeBatch, Store, Stored, WriteState,
    outbox::history::GAPS_NOTE,
    store::conformance::{record, row_id, turn},
};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn it_is_a_store() {
    sync::store::conformance::run(fresh, common::reopened).await;
}

#[wasm_bindgen_test]
async fn of_two_tabs_that_amend_a_write_one_wins() {
    let name = fresh_name();
    let (tab, other_tab) = (IdbStore::open(&name).await.unwrap(), IdbStore::open(&name).await.unwrap());
    let stored = tab.enqueue(vec![record(10, 1)]).await.unwrap().remove(0);
    let sending = Amendment::of(stored.clone().in_state(WriteState::Sending));
    let discarded = Amendment::of(stored.in_state(WriteState::Discarded));
    let (first, second) = futures::join!(tab.amend(vec![sending]), other_tab.amend(vec![discarded]));
    assert_eq!([first.unwrap(), second.unwrap()], [true, false]);
    let Stored::Record(left) = other_tab.outbox().await.unwrap().remove(0) else {
        panic!("not readable")
    };
    assert_eq!((left.state, left.revision), (WriteState::Sending, 1));
}

#[wasm_bindgen_test]
async fn what_exists_nowhere_else_waits_for_the_disk() {
    let store = fresh().await;
    let asked = js_sys::Function::new_no_args(
        "const prototype = IDBDatabase.prototype, real = prototype.transaction; const asked = [];
         prototype.transaction = function (stores, mode, options) { asked.push(`${mode} ${options?.durability}`); return real.call(this, stores, mode, options); };
         return () => { prototype.transaction = real; return asked.splice(0).join(', '); };",
    )
    .call0(&wasm_bindgen::JsValue::NULL)
    .unwrap();
    let stored = store.enqueue(vec![record(10, 1)]).await.unwrap().remove(0);
    store.amend(vec![Amendment::of(stored.in_state(WriteState::Sending))]).await.unwrap();
    store.apply_shape(&batch(vec![RowChange::Put(turn(1, 1))])).await.unwrap();
    let asked = js_sys::Function::from(asked).call0(&wasm_bindgen::JsValue::NULL).unwrap();
    assert_eq!(asked.as_string().unwrap(), "readwrite strict, readwrite strict, readwrite relaxed");
}

#[wasm_bindgen_test]
async fn what_pages_store_again_keeps_its_number_where_no_other_write_has_it() {
    let store = fresh().await;
    let held = |write: u64, seq: u64| Holdings {
        writes: vec![OutboxRecord { seq, ..record(write, 1) }],
        ..Holdings::default()
    };
    for (write, seq) in [(31, 3), (32, 2), (33, 3)] {
        store.restore(&held(write, seq)).await.unwrap();
    }
    let stored = store.outbox().await.unwrap().into_iter().filter_map(Stored::record);
    let stored: Vec<_> = stored.map(|record| (record.write_id, record.seq, record.revision)).collect();
    let again = record(31, 1).stored_again().revision;
    assert_eq!(
        stored,
        [(write_id(32), 2, again), (write_id(31), 3, again), (write_id(33), 4, again)],
        "the second page's is not put behind what builds on it"
    );
    let gaps_until = store.note(GAPS_NOTE).await.unwrap();
    assert_eq!(gaps_until.as_deref(), Some("4"), "what was over then has gone");
}

#[wasm_bindgen_test]
async fn an_envelope_of_a_newer_app_is_kept_and_in_nobodys_way() {
    let name = fresh_name();
    let store = IdbStore::open(&name).await.unwrap();
    let foreign = js_sys::JSON::parse(&format!(r#"{{"schema": 99, "writeId": "{}", "wish": {{"of": "2030"}}}}"#, write_id(7))).unwrap();
    put_raw(&name, foreign).await;
    store.enqueue(vec![record(10, 1)]).await.unwrap();
    let stored = store.outbox().await.unwrap();
    assert!(matches!(stored[0], Stored::Record(_)), "readable writes come first");
    let Stored::Unreadable { raw, reason } = &stored[1] else { panic!("was read") };
    assert_eq!(
        (raw["wish"]["of"].as_str(), reason.as_str()),
        (Some("2030"), "made by a newer version of Turns")
    );
}

#[wasm_bindgen_test]
async fn records_are_objects_that_a_person_can_read() {
    let name = fresh_name();
    let store = IdbStore::open(&name).await.unwrap();
    store.enqueue(vec![record(10, 1)]).await.unwrap();
    let database = Database::open(name.as_str()).await.unwrap();
    let transaction = database.transaction("outbox").build().unwrap();
    let outbox = transaction.object_store("outbox").unwrap();
    let stored: Option<wasm_bindgen::JsValue> = indexed_db_futures::query_source::QuerySource::get(&outbox, write_id(10).to_string())
        .primitive()
        .unwrap()
        .await
        .unwrap();
    let text = String::from(js_sys::JSON::stringify(&stored.unwrap()).unwrap());
    assert!(
        text.contains(r#""seq":1,"#) && text.contains(r#""changes":{"notes":{"from":null,"to":"#),
        "{text}"
    );
    drop(transaction);
    database.close();
}

#[wasm_bindgen_test]
async fn a_newer_app_is_not_held_up() {
    let name = fresh_name();
    let store = IdbStore::open(&name).await.unwrap();
    let told = Rc::new(Cell::new(false));
    let tell = told.clone();
    store.on_happening(move |happening| tell.set(happening == Happening::Superseded));
    let newer = Database::open(name.as_str()).with_version(99_u8).await.unwrap();
    assert!(told.get());
    assert_eq!(store.note("session").await, Err(StoreError::Superseded));
    newer.close();
}

#[wasm_bindgen_test]
async fn a_connection_that_the_browser_takes_away_is_opened_again() {
    let name = fresh_name();
    let store = IdbStore::open(&name).await.unwrap();
    store.enqueue(vec![record(10, 1)]).await.unwrap();
    // The nearest to a browser that closes: every open connection is closed behind the store's back.
    js_sys::Function::new_no_args(
        "const real = IDBDatabase.prototype.transaction;
         IDBDatabase.prototype.transaction = function (...args) { IDBDatabase.prototype.transaction = real; this.close(); return real.apply(this, args); };",
    )
    .call0(&wasm_bindgen::JsValue::NULL)
    .unwrap();
    assert_eq!(store.outbox().await.unwrap().len(), 1);
}

#[wasm_bindgen_test]
async fn a_handle_reads_and_stores_for_the_one_who_is_signed_in() {
    let store = fresh().await;
    let (anna, ben) = (session(1), session(2));
    let key = Key::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").await.unwrap();
    store.begin_session(&anna, Some(&key)).await.unwrap();
    let annas = store.on_behalf_of(anna.user.id);
    annas.apply_shape(&batch(vec![RowChange::Put(turn(1, 1))])).await.unwrap();
    store.begin_session(&anna, None).await.unwrap();
    assert_eq!(annas.rows(Table::Turns).await.unwrap().unwrap().len(), 1, "signing in again costs nothing");
    assert!(store.seal_key(anna.user.id).await.unwrap().is_some());
    assert_eq!(annas.outbox().await, Ok(vec![]));
    store.begin_session(&ben, None).await.unwrap();
    assert_eq!(store.rows(Table::Turns).await.unwrap(), None);
    assert_eq!(store.place(Table::Turns).await.unwrap(), None);
    assert!(
        store.seal_key(anna.user.id).await.unwrap().is_none(),
        "a key lies here while its user is signed in"
    );
    assert_eq!(annas.apply_shape(&batch(vec![RowChange::Put(turn(1, 1))])).await, Err(StoreError::NotOurs));
    assert_eq!(annas.rows(Table::Turns).await, Err(StoreError::NotOurs));
    assert_eq!(store.renew_session(&anna).await, Ok(false), "what was confirmed too late");
    assert_eq!(store.session().await.unwrap(), Some(ben.clone()));
    assert_eq!(annas.rows_by_id(Table::Turns, &[row_id(1)]).await, Err(StoreError::NotOurs));
    assert_eq!(annas.outbox().await, Err(StoreError::NotOurs));
    assert_eq!(store.rows(Table::Turns).await.unwrap(), None);
}

#[wasm_bindgen_test]
async fn a_session_begins_with_what_its_user_left_sealed() {
    let store = fresh().await;
    let anna = session(1);
    let key = Key::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").await.unwrap();
    store.begin_session(&anna, Some(&key)).await.unwrap();
    let written = store.enqueue(vec![record(10, 1)]).await.unwrap();
    store.leave(anna.user.id, Leaving::KeepSealed).await.unwrap();
    assert_eq!(store.outbox().await, Ok(vec![]), "nobody else reads it");
    assert_eq!(store.begin_session(&anna, None).await, Ok(0), "without a key it stays sealed");
    assert_eq!(store.begin_session(&anna, Some(&key)).await, Ok(1));
    let found: Vec<_> = store.outbox().await.unwrap().into_iter().filter_map(Stored::record).collect();
    assert_eq!(found, written);
    assert_eq!(store.begin_session(&anna, Some(&key)).await, Ok(0), "opened once");
}

#[wasm_bindgen_test]
async fn what_has_changed_stands_over_the_snapshot() {
    let store = fresh().await;
    store
        .apply_shape(&batch((0..350).map(|n| RowChange::Put(turn(n * 2, 1))).collect()))
        .await
        .unwrap();
    let version = vec![(Table::Turns.column_index("version").unwrap(), Value::Int(2))];
    let patch = |n| RowChange::Patch {
        id: row_id(n),
        columns: version.clone(),
    };
    let changes = vec![
        patch(0),
        patch(198),
        patch(200),
        patch(698),
        RowChange::Remove(row_id(400)),
        RowChange::Put(turn(7, 5)),
    ];
    let applied = store
        .apply_shape(&ShapeBatch {
            reset: false,
            ..batch(changes)
        })
        .await
        .unwrap();
    assert!(!applied.has_gap);
    let store = common::reopened(store).await;
    assert_eq!(store.rows(Table::Turns).await.unwrap().unwrap().len(), 350);
    let asked = [0, 2, 7, 9, 198, 200, 400, 698, 700].map(row_id);
    let mut found: Vec<_> = store
        .rows_by_id(Table::Turns, &asked)
        .await
        .unwrap()
        .into_iter()
        .flatten()
        .map(|row| (row.id(), row.version()))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [(0, 2), (2, 1), (7, 5), (198, 2), (200, 2), (698, 2)].map(|(n, version)| (row_id(n), version))
    );
    let gap = store
        .apply_shape(&ShapeBatch {
            reset: false,
            ..batch(vec![patch(400)])
        })
        .await
        .unwrap();
    assert!(gap.has_gap, "a row that has gone cannot be patched");
}

#[wasm_bindgen_test]
async fn what_only_goes_on_is_refused_where_nothing_stands() {
    let store = fresh().await;
    let going_on = ShapeBatch {
        reset: false,
        ..batch(vec![RowChange::Put(turn(1, 2))])
    };
    assert!(store.apply_shape(&going_on).await.unwrap().has_gap, "it would be taken for the whole table");
    let stored = store.enqueue(vec![record(10, 1)]).await.unwrap().remove(0);
    let receipt = sync::Receipt {
        version: Some(2),
        txid: "8".into(),
        in_shape: true,
        received_at_ms: 0,
        quiet_looks: 0,
        comes_before_row: false,
    };
    let acked = sync::OutboxRecord {
        receipt: Some(receipt),
        ..stored.in_state(WriteState::Acked)
    };
    store.amend(vec![Amendment::of(acked)]).await.unwrap();
    assert_eq!(store.outbox().await.unwrap().len(), 1, "no echo can have been seen: its overlay stays");
    let applied = store.apply_shape(&batch(vec![RowChange::Put(turn(1, 2))])).await.unwrap();
    assert_eq!(applied.settled, [write_id(10)]);
}

#[wasm_bindgen_test]
async fn a_thousand_writes_are_read_in_a_moment() {
    let store = fresh().await;
    store.enqueue((0..1_000).map(|n| record(n, n)).collect()).await.unwrap();
    let start = browser::clock::now_ms();
    assert_eq!(store.outbox().await.unwrap().len(), 1_000);
    web_sys::console::log_1(&format!("1,000 writes: read in {} ms", browser::clock::now_ms() - start).into());
}

#[wasm_bindgen_test]
async fn ten_thousand_rows_come_in_a_moment() {
    let store = fresh().await;
    let changes = (0..10_000).map(|n| RowChange::Put(turn(n, 1))).collect();
    let start = browser::clock::now_ms();
    store.apply_shape(&batch(changes)).await.unwrap();
    let stored = browser::clock::now_ms();
    assert_eq!(store.rows(Table::Turns).await.unwrap().unwrap().len(), 10_000);
    web_sys::console::log_1(&format!("10,000 rows: stored in {} ms, read in {} ms", stored - start, browser::clock::now_ms() - stored).into());
}

fn session(user: u64) -> Session {
    let user = User {
        id: UserId(row_id(user).0),
        email: "a@example.com".into(),
        name: "A".into(),
        role: Role::PropertyManager,
        vendor_id: None,
        must_change_password: false,
    };
    Session::new(user, vec!["turns".into()])
}

fn batch(changes: Vec<RowChange>) -> ShapeBatch {
    ShapeBatch {
        table: Table::Turns,
        reset: true,
        changes,
        place: Place {
            handle: "1-2".into(),
            offset: "7_0".into(),
        },
        is_up_to_date: true,
    }
}

async fn put_raw(name: &str, value: wasm_bindgen::JsValue) {
    let database = Database::open(name).await.unwrap();
    let transaction = database.transaction("outbox").with_mode(TransactionMode::Readwrite).build().unwrap();
    transaction.object_store("outbox").unwrap().put(value).primitive().unwrap().await.unwrap();
    transaction.commit().await.unwrap();
    database.close();
}
