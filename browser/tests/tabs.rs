//! Tabs and the worker of one device: who leads, what each hears of the others, and what the inspector shows of it.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/tablet.rs"]
mod tablet;

use browser::{
    Device, WokenBy, WorkerRun,
    channel::{Channel, Signal},
    clock, locks,
    store::DeviceStore,
};
use common::fresh_name;
use domain::{Operation, Table, Value};
use js_sys::Promise;
use std::{cell::Cell, rc::Rc};
use sync::{Amendment, OutboxRecord, Receipt, RowChange, ShapeBatch, Store, Stored, WriteState};
use tablet::{notes, office_goes, shown_notes, signed_in_on, turn, until};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/common/tabs.js")]
extern "C" {
    fn tab_that_leads(lock: &str) -> Promise;
    fn dies(tab: &JsValue);
}

#[wasm_bindgen_test]
async fn a_leader_that_dies_is_replaced_within_a_second() {
    let other = JsFuture::from(tab_that_leads(locks::LEADER)).await.unwrap();
    let (device, _) = signed_in_on(&fresh_name(), 1).await;
    browser::scope::sleep(100).await;
    assert!(!device.is_leader());
    let start = clock::moment().steady_ms;
    dies(&other);
    until(|| device.is_leader()).await;
    let took_ms = clock::moment().steady_ms - start;
    web_sys::console::log_1(&format!("another tab leads after {took_ms} ms").into());
    assert!(took_ms < 1_000, "it took {took_ms} ms");
    device.close();
}

#[wasm_bindgen_test]
async fn each_tab_sees_every_other_tabs_writes_at_once() {
    let name = fresh_name();
    let (first, _) = signed_in_on(&name, 2).await;
    until(|| first.first_sync_done()).await;
    office_goes("down");
    let others = [Device::open_on(&name, |_| {}).await.unwrap(), Device::open_on(&name, |_| {}).await.unwrap()];
    let mut slowest_ms = 0;
    for n in 0..20 {
        let text = format!("Note {n}");
        let start = clock::moment().steady_ms;
        let teller = if n % 2 == 0 { &first } else { &others[0] };
        teller.tap_durable(Table::Turns, turn(), Operation::Update, notes(&text)).await.unwrap();
        until(|| shown_notes(&first) == text && others.iter().all(|tab| shown_notes(tab) == text)).await;
        slowest_ms = slowest_ms.max(clock::moment().steady_ms - start);
    }
    web_sys::console::log_1(&format!("from a tap until all tabs have it: {slowest_ms} ms at most").into());
    assert!(slowest_ms < 1_000, "it took {slowest_ms} ms");
    assert!(others.iter().all(|tab| tab.outbox() == first.outbox()), "in the same order");
    first.close();
    others.iter().for_each(Device::close);
}

#[wasm_bindgen_test]
async fn what_is_settled_does_not_go_back_in_a_tab_that_has_not_heard_of_its_echo() {
    let name = fresh_name();
    let (first, _) = signed_in_on(&name, 4).await;
    until(|| first.first_sync_done()).await;
    let second = Device::open_on(&name, |_| {}).await.unwrap();
    office_goes("down");
    let nobody_sends = locks::acquire(locks::DRAIN).await;
    second.tap_durable(Table::Turns, turn(), Operation::Update, notes("Mine")).await.unwrap();
    let store = DeviceStore::open_on_disk(&name).await.unwrap();
    let Stored::Record(stored) = store.outbox().await.unwrap().remove(0) else {
        panic!("not readable")
    };
    let receipt = Receipt {
        version: Some(2),
        txid: "8".into(),
        in_shape: true,
        received_at_ms: clock::now_ms(),
        quiet_looks: 0,
        comes_before_row: false,
    };
    let acked = OutboxRecord {
        receipt: Some(receipt),
        ..stored.in_state(WriteState::Acked)
    };
    assert!(store.amend(vec![Amendment::of(acked)]).await.unwrap());
    drop(nobody_sends);
    let mut row = second.with_view(|view| view.row(Table::Turns, turn()).cloned()).unwrap();
    row.set("version", Value::Int(2));
    let echo = ShapeBatch {
        table: Table::Turns,
        reset: false,
        changes: vec![RowChange::Put(row)],
        place: store.place(Table::Turns).await.unwrap().unwrap(),
        is_up_to_date: true,
    };
    assert_eq!(store.apply_shape(&echo).await.unwrap().settled.len(), 1);
    Channel::speak_only().tell(&Signal::OutboxChanged);
    until(|| second.outbox().is_empty()).await;
    assert_eq!(shown_notes(&second), "Mine");
    store.close();
    first.close();
    second.close();
}

#[wasm_bindgen_test]
async fn rows_that_make_room_stay_in_every_tabs_sight() {
    let name = fresh_name();
    let (first, _) = signed_in_on(&name, 5).await;
    until(|| first.first_sync_done()).await;
    let heard = Rc::new(Cell::new(0));
    let hearing = heard.clone();
    let second = Device::open_on(&name, move |_| hearing.set(hearing.get() + 1)).await.unwrap();
    office_goes("down");
    let store = DeviceStore::open_on_disk(&name).await.unwrap();
    store.forget_rows().await.unwrap();
    let ids = Some(vec![turn()]);
    let channel = Channel::speak_only();
    channel.tell(&Signal::RowsChanged { table: Table::Turns, ids });
    // What comes after it has been heard shows that it has been heard.
    let before = heard.get();
    channel.tell(&Signal::OutboxChanged);
    until(|| heard.get() > before).await;
    browser::scope::sleep(100).await;
    assert_eq!(second.with_view(|view| view.count(Table::Turns)), 1);
    store.close();
    first.close();
    second.close();
}

#[wasm_bindgen_test]
async fn the_workers_runs_are_kept_for_a_while() {
    let name = fresh_name();
    let store = DeviceStore::open_on_disk(&name).await.unwrap();
    for at_ms in 0..25 {
        let woken_by = WokenBy::from_name(Some(if at_ms % 2 == 0 { "sync" } else { "held-check" }));
        let run = WorkerRun {
            at_ms,
            woken_by,
            outcome: "everything is sent".to_owned(),
        };
        run.note(&store).await.unwrap();
    }
    store.close();
    let device = Device::open_on(&name, |_| {}).await.unwrap();
    let runs = device.worker_runs().await;
    assert_eq!((runs.len(), runs[0].at_ms, runs[0].woken_by, runs[19].at_ms), (20, 24, WokenBy::Sync, 5));
    device.close();
}

#[wasm_bindgen_test]
async fn the_tables_can_be_searched_and_paged() {
    let (device, _) = signed_in_on(&fresh_name(), 3).await;
    until(|| device.first_sync_done()).await;
    device.tap(Table::Turns, turn(), Operation::Update, notes("Keys under the MAT")).unwrap();
    let home = |_: &sync::LocalView, _: &domain::Row| "12 Elm Street".to_owned();
    for (text, total) in [("", 1), ("mat keys", 1), ("mat doors", 0), ("MAT elm", 1), (&turn().to_string(), 1)] {
        let found = device.search_table(Table::Turns, text, 0, 10, home);
        assert_eq!((found.total, found.rows.len()), (total, total), "{text}");
    }
    let behind = device.search_table(Table::Turns, "keys", 1, 10, home);
    assert_eq!((behind.total, behind.rows.len()), (1, 0));
    assert_eq!(device.search_table(Table::Properties, "", 0, 10, home).total, 0);
    device.close();
}

#[wasm_bindgen_test]
async fn every_tab_knows_which_one_leads_also_after_a_takeover() {
    let name = fresh_name();
    let (first, _) = signed_in_on(&name, 6).await;
    until(|| first.is_leader()).await;
    let second = Device::open_on(&name, |_| {}).await.unwrap();
    until(|| second.leading_tab() == Some(first.tab())).await;
    let third = Device::open_on(&name, |_| {}).await.unwrap();
    until(|| third.leading_tab() == Some(first.tab())).await;
    first.close();
    until(|| second.is_leader()).await;
    assert_eq!(second.leading_tab(), Some(second.tab()));
    until(|| third.leading_tab() == Some(second.tab())).await;
    second.close();
    third.close();
}

#[wasm_bindgen_test]
async fn a_reason_that_a_newer_page_has_is_another_one_to_an_older_worker() {
    for why in WokenBy::ALL {
        assert_eq!(WokenBy::from_name(Some(why.name())), why);
    }
    assert_eq!(
        (WokenBy::from_name(None), WokenBy::from_name(Some("tomorrow"))),
        (WokenBy::Page, WokenBy::Other)
    );
}
