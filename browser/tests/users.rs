//! Many users of one tablet: what each leaves behind is sealed, and nobody else's to see or send.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/tablet.rs"]
mod tablet;

use browser::{Device, Leaving, News, locks, store::IdbStore};
use common::fresh_name;
use domain::{Operation, Table};
use futures::future::{Either, select};
use js_sys::{Function, Promise};
use serde_json::Value as Json;
use std::pin::pin;
use sync::{Store, store::conformance::record};
use tablet::{Heard, colleague_writes, key_ring, network_returns, notes, office, office_goes, requests, shown_notes, signed_in_on, turn, until};
use wasm_bindgen::{JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/common/faults.js")]
extern "C" {
    fn slow_encryption(meanwhile: &Function);
    fn slow_decryption(meanwhile: &Function);
    fn no_encryption() -> Function;
    fn no_room_for(stores: &str, until_cleared: bool) -> Function;
    fn everything_in(name: &str) -> Promise;
}

#[wasm_bindgen_test]
async fn what_a_user_leaves_behind_is_sealed_until_they_are_back() {
    let name = fresh_name();
    let (device, _) = signed_in_on(&name, 1).await;
    until(|| device.first_sync_done()).await;
    let signed_in = contents(&name).await;
    assert_eq!(
        (count(&signed_in, "keys"), signed_in["shownKeys"].as_u64()),
        (1, Some(0)),
        "nobody gets the key out again"
    );
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Sent")).await.unwrap();
    until(|| device.outbox().is_empty()).await;
    office_goes("down");
    device
        .tap_durable(Table::Turns, turn(), Operation::Update, notes("Annas secret"))
        .await
        .unwrap();
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    let left = contents(&name).await;
    assert_eq!(
        ["outbox", "history", "keys", "snapshots", "rows", "seals"].map(|store| count(&left, store)),
        [0, 0, 0, 0, 0, 1]
    );
    assert!(!left.to_string().contains("secret"));
    office(2);
    device.sign_in("ben@example.com", "right").await.unwrap();
    until(|| device.first_sync_done()).await;
    assert_eq!((device.outbox().len(), device.history(9).await.len()), (0, 0));
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    assert!(!requests().contains("accepted writes"));
    office(1);
    colleague_writes("turns", &turn().to_string(), r#"{"version": "2", "notes": "Sent"}"#);
    device.sign_in("anna@example.com", "right").await.unwrap();
    until(|| shown_notes(&device) == "Annas secret").await;
    until(|| device.outbox().is_empty()).await;
    assert_eq!(device.history(9).await.len(), 2);
    assert_eq!(count(&contents(&name).await, "seals"), 0);
    device.close();
}

#[wasm_bindgen_test]
async fn a_change_that_comes_while_the_others_are_being_sealed_is_sealed_too() {
    let name = fresh_name();
    let (device, _) = with_unsent(&name, "First").await;
    let other_tab = IdbStore::open(&name).await.unwrap();
    let enqueues = Closure::<dyn FnMut() -> Promise>::new(move || {
        let other_tab = other_tab.clone();
        future_to_promise(async move {
            other_tab.enqueue(vec![record(10, 77)]).await.unwrap();
            other_tab.close();
            Ok(JsValue::NULL)
        })
    });
    slow_encryption(wasm_bindgen::JsCast::unchecked_ref(enqueues.as_ref()));
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    let left = contents(&name).await;
    assert_eq!([count(&left, "outbox"), count(&left, "seals")], [0, 1]);
    device.sign_in("anna@example.com", "right").await.unwrap_err();
    office(1);
    device.sign_in("anna@example.com", "right").await.unwrap();
    assert_eq!(device.outbox().len(), 2);
    device.close();
}

#[wasm_bindgen_test]
async fn nothing_is_lost_where_it_cannot_be_sealed() {
    let name = fresh_name();
    for without in ["a key", "encryption"] {
        key_ring(u32::from(without != "a key"));
        let (device, _) = with_unsent(&name, without).await;
        let end = no_encryption();
        device.sign_out(Leaving::KeepSealed).await.unwrap();
        end.call0(&JsValue::NULL).unwrap();
        key_ring(1);
        assert_eq!(count(&contents(&name).await, "seals"), 0, "without {without}");
        office(2);
        device.sign_in("ben@example.com", "right").await.unwrap();
        until(|| device.first_sync_done()).await;
        assert!(device.outbox().is_empty() && !requests().contains("accepted writes"));
        device.sign_out(Leaving::KeepSealed).await.unwrap();
        office(1);
        device.sign_in("anna@example.com", "right").await.unwrap();
        until(|| shown_notes(&device) == without).await;
        until(|| device.outbox().is_empty()).await;
        device.close();
    }
}

#[wasm_bindgen_test]
async fn a_seal_that_does_not_open_stays_and_is_told() {
    let name = fresh_name();
    let (device, heard) = with_unsent(&name, "Sealed").await;
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    key_ring(2);
    office(1);
    device.sign_in("anna@example.com", "right").await.unwrap();
    assert!(
        heard
            .borrow()
            .iter()
            .any(|news| matches!(news, News::StorageFailed(why) if why.contains("could not be opened")))
    );
    assert_eq!((device.outbox().len(), count(&contents(&name).await, "seals")), (0, 1));
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    key_ring(1);
    device.sign_in("anna@example.com", "right").await.unwrap();
    until(|| shown_notes(&device) == "Sealed").await;
    device.close();
}

#[wasm_bindgen_test]
async fn nobody_is_signed_in_beside_their_own_sealed_work() {
    let name = fresh_name();
    let (device, _) = with_unsent(&name, "Sealed").await;
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    office(1);
    let end = no_room_for("keys", false);
    device.sign_in("anna@example.com", "right").await.unwrap_err();
    end.call0(&JsValue::NULL).unwrap();
    assert_eq!(
        (device.user(), count(&contents(&name).await, "seals")),
        (None, 1),
        "there was no room for the key"
    );
    device.sign_in("anna@example.com", "right").await.unwrap();
    until(|| shown_notes(&device) == "Sealed").await;
    device.close();
}

#[wasm_bindgen_test]
async fn what_another_tab_seals_while_its_user_signs_in_is_opened_too() {
    let name = fresh_name();
    let (device, _) = with_unsent(&name, "Sealed").await;
    let anna = device.user().unwrap().id;
    let other_tab = IdbStore::open(&name).await.unwrap();
    let (session, key) = (other_tab.session().await.unwrap().unwrap(), other_tab.seal_key(anna).await.unwrap());
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    let comes_and_goes = Closure::<dyn FnMut() -> Promise>::new(move || {
        let (other_tab, session, key) = (other_tab.clone(), session.clone(), key.clone());
        future_to_promise(async move {
            assert_eq!(other_tab.begin_session(&session, key.as_ref()).await, Ok(1));
            other_tab.leave(anna, Leaving::KeepSealed).await.unwrap();
            other_tab.close();
            Ok(JsValue::NULL)
        })
    });
    slow_decryption(wasm_bindgen::JsCast::unchecked_ref(comes_and_goes.as_ref()));
    office(1);
    device.sign_in("anna@example.com", "right").await.unwrap();
    assert_eq!((device.outbox().len(), count(&contents(&name).await, "seals")), (1, 0));
    device.close();
}

/// The page that signed somebody in ended before it had opened what they had left.
#[wasm_bindgen_test]
async fn what_a_sign_in_left_sealed_is_opened_by_the_next_page() {
    let name = fresh_name();
    let (device, _) = with_unsent(&name, "Sealed").await;
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    office(1);
    let end = no_room_for("outbox", false);
    device.sign_in("anna@example.com", "right").await.unwrap();
    end.call0(&JsValue::NULL).unwrap();
    device.close();
    let left = contents(&name).await;
    assert_eq!(["seals", "keys"].map(|store| count(&left, store)), [1, 1]);
    let next = Device::open_on(&name, |_| {}).await.unwrap();
    until(|| shown_notes(&next) == "Sealed").await;
    next.close();
}

#[wasm_bindgen_test]
async fn who_gives_it_up_leaves_nothing() {
    let name = fresh_name();
    let (device, _) = with_unsent(&name, "Given up").await;
    device.sign_out(Leaving::Discard).await.unwrap();
    let left = contents(&name).await;
    assert_eq!(["outbox", "history", "seals", "keys"].map(|store| count(&left, store)), [0; 4]);
    device.close();
}

#[wasm_bindgen_test]
async fn whose_session_ended_is_seen_off_by_the_next() {
    let name = fresh_name();
    let (device, _) = signed_in_on(&name, 1).await;
    until(|| device.first_sync_done()).await;
    office_goes("signed-out");
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Still mine")).await.unwrap();
    until(|| device.status().needs_sign_in).await;
    assert_eq!(device.outbox()[0].attempts, 0, "it rests");
    office(2);
    device.sign_in("ben@example.com", "right").await.unwrap();
    let left = contents(&name).await;
    assert_eq!(["outbox", "seals", "keys"].map(|store| count(&left, store)), [0, 1, 1]);
    device.close();
}

#[wasm_bindgen_test]
async fn a_tab_that_has_not_heard_of_a_sign_out_shows_nothing_of_it_before_the_session_goes() {
    let name = fresh_name();
    let (device, heard) = signed_in_on(&name, 1).await;
    until(|| device.first_sync_done()).await;
    office_goes("down");
    let mine = device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Mine")).await.unwrap();
    let silent_tab = IdbStore::open(&name).await.unwrap();
    silent_tab.leave(device.user().unwrap().id, Leaving::KeepSealed).await.unwrap();
    heard.borrow_mut().clear();
    device.discard(mine).await;
    until(|| device.user().is_none()).await;
    let is_seen = |news: &&News| matches!(news, News::Touched(_) | News::Session | News::StorageFailed(_));
    assert_eq!(
        heard.borrow().iter().find(is_seen),
        Some(&News::Session),
        "its write did not go from the screen first"
    );
    assert_eq!(count(&contents(&name).await, "seals"), 1, "nor was it given up");
    silent_tab.close();
    device.close();
}

#[wasm_bindgen_test]
async fn a_sign_out_waits_for_what_is_being_sent() {
    let name = fresh_name();
    let (device, _) = signed_in_on(&name, 1).await;
    until(|| device.first_sync_done()).await;
    network_returns();
    let sending = locks::acquire(locks::DRAIN).await;
    let leaving = pin!(device.sign_out(Leaving::KeepSealed));
    let Either::Right((_, leaving)) = select(leaving, pin!(browser::scope::sleep(300))).await else {
        panic!("it did not wait")
    };
    assert!(device.user().is_some());
    drop(sending);
    leaving.await.unwrap();
    assert_eq!(device.user(), None);
    device.close();
}

/// A tablet without signal, whose user has written these notes.
async fn with_unsent(name: &str, text: &str) -> (Device, Heard) {
    let (device, heard) = signed_in_on(name, 1).await;
    until(|| device.first_sync_done()).await;
    office_goes("down");
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes(text)).await.unwrap();
    (device, heard)
}

async fn contents(name: &str) -> Json {
    let text = JsFuture::from(everything_in(name)).await.unwrap().as_string().unwrap();
    serde_json::from_str(&text).unwrap()
}

fn count(contents: &Json, store: &str) -> usize {
    contents[store].as_array().unwrap().len()
}

/// Two devices on one database are two tabs.
#[wasm_bindgen_test]
async fn a_second_tab_leaves_with_the_first() {
    let name = fresh_name();
    let (first, _) = signed_in_on(&name, 1).await;
    until(|| first.first_sync_done()).await;
    let second = Device::open_on(&name, |_| {}).await.unwrap();
    first.sign_out(Leaving::KeepSealed).await.unwrap();
    until(|| second.user().is_none()).await;
    first.close();
    second.close();
}
