//! The device while the browser's storage fails under it.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/tablet.rs"]
mod tablet;

use browser::{
    Device, Lists, News, StorageState, TapError,
    store::{IdbStore, StoreError},
};
use common::fresh_name;
use domain::{Operation, Table};
use js_sys::{Function, Promise};
use sync::{Store, Stored};
use tablet::{network_returns, notes, office, office_goes, requests, shown_notes, signed_in_on, turn, until};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/common/faults.js")]
extern "C" {
    fn storage_gone() -> Function;
    fn no_room_for(stores: &str, until_cleared: bool) -> Function;
    fn unreadable(stores: &str) -> Function;
    fn delete_database(name: &str) -> Promise;
    fn person_comes_back();
}

#[wasm_bindgen_test]
async fn what_the_browser_clears_while_the_app_is_open_is_stored_again() {
    let name = fresh_name();
    let (first, heard) = signed_in_on(&name, 1).await;
    until(|| first.first_sync_done()).await;
    let second = Device::open_on(&name, |_| {}).await.unwrap();
    office_goes("down");
    first.tap_durable(Table::Turns, turn(), Operation::Update, notes("Keys")).await.unwrap();
    JsFuture::from(delete_database(&name)).await.unwrap();
    until(|| heard.borrow().iter().any(|news| matches!(news, News::StorageCleared { .. }))).await;
    second.tap_durable(Table::Turns, turn(), Operation::Update, notes("Keys, again")).await.unwrap();
    until(|| shown_notes(&first) == "Keys, again").await;
    assert!(matches!(first.storage(), StorageState::Persistent { .. }));
    assert_eq!(stored_writes(&name).await, 2, "also for a worker that wakes now");
    let third = Device::open_on(&name, |_| {}).await.unwrap();
    assert_eq!((third.user(), shown_notes(&third)), (first.user(), "Keys, again".to_owned()));
    assert_eq!(
        (third.lists(), first.lists()),
        (Lists::Restored, Lists::Here),
        "what is there is shown, and not called whole"
    );
    third.close();
    office_goes("up");
    network_returns();
    until(|| first.outbox().is_empty() && second.outbox().is_empty()).await;
    assert_eq!(shown_notes(&second), "Keys, again");
    first.close();
    second.close();
}

#[wasm_bindgen_test]
async fn without_a_storage_the_device_works_in_memory_and_says_so() {
    let name = fresh_name();
    let end = storage_gone();
    let (device, heard) = signed_in_on(&name, 2).await;
    assert!(device.storage().is_fleeting() && device.storage().warning().unwrap().contains("keeps nothing"));
    assert!(heard.borrow().iter().any(|news| matches!(news, News::Storage(StorageState::MemoryOnly { .. }))));
    until(|| device.first_sync_done()).await;
    device
        .tap_durable(Table::Turns, turn(), Operation::Update, notes("Sent from memory"))
        .await
        .unwrap();
    until(|| device.outbox().is_empty()).await;
    office_goes("down");
    device
        .tap_durable(Table::Turns, turn(), Operation::Update, notes("Not sent yet"))
        .await
        .unwrap();
    ended(&end);
    person_comes_back();
    until(|| !device.storage().is_fleeting()).await;
    assert_eq!((stored_writes(&name).await, device.history(9).await.len()), (1, 1), "the disk has all of it");
    device.close();
    let device = Device::open_on(&name, |_| {}).await.unwrap();
    assert_eq!(device.outbox().len(), 1);
    office_goes("up");
    network_returns();
    until(|| device.outbox().is_empty() && shown_notes(&device) == "Not sent yet").await;
    device.close();
}

#[wasm_bindgen_test]
async fn a_storage_that_goes_away_costs_nothing_that_is_shown() {
    let name = fresh_name();
    let (device, _) = signed_in_on(&name, 3).await;
    until(|| device.first_sync_done()).await;
    office_goes("down");
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("On the disk")).await.unwrap();
    let end = storage_gone();
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("In memory")).await.unwrap();
    assert!(device.storage().is_fleeting());
    assert_eq!((device.outbox().len(), shown_notes(&device).as_str()), (2, "In memory"));
    requests();
    office_goes("up");
    network_returns();
    until(|| device.outbox().is_empty()).await;
    assert_eq!(requests().matches("accepted writes").count(), 1, "both, in their order, at once");
    ended(&end);
    person_comes_back();
    until(|| !device.storage().is_fleeting()).await;
    assert_eq!(stored_writes(&name).await, 0, "what memory has sent is not sent again");
    assert_eq!((device.history(9).await.len(), shown_notes(&device).as_str()), (2, "In memory"));
    device.close();
}

#[wasm_bindgen_test]
async fn on_a_full_device_rows_make_room_for_writes() {
    let name = fresh_name();
    let (device, _) = signed_in_on(&name, 4).await;
    until(|| device.first_sync_done()).await;
    office_goes("down");
    let end = no_room_for("outbox", true);
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Kept")).await.unwrap();
    ended(&end);
    assert!(matches!(device.storage(), StorageState::Full { .. }));
    assert_eq!((stored_writes(&name).await, shown_notes(&device).as_str()), (1, "Kept"));
    let end = no_room_for("snapshots,rows", false);
    office_goes("up");
    network_returns();
    until(|| device.outbox().iter().all(|write| !write.state.is_waiting())).await;
    assert_eq!(shown_notes(&device), "Kept", "it does not go back while its echo has no room");
    ended(&end);
    network_returns();
    until(|| device.outbox().is_empty() && matches!(device.storage(), StorageState::Persistent { .. })).await;
    assert_eq!(shown_notes(&device), "Kept");
    device.close();
}

#[wasm_bindgen_test]
async fn what_cannot_be_kept_is_not_shown_as_kept() {
    let (device, heard) = signed_in_on(&fresh_name(), 5).await;
    until(|| device.first_sync_done()).await;
    let end = no_room_for("outbox,notes", false);
    let refused = device.tap_durable(Table::Turns, turn(), Operation::Update, notes("No room")).await;
    ended(&end);
    assert!(matches!(refused, Err(TapError::Storage(StoreError::Full))), "{refused:?}");
    assert_eq!((shown_notes(&device).as_str(), device.outbox().len()), ("", 0));
    assert!(
        heard
            .borrow()
            .iter()
            .any(|news| matches!(news, News::StorageFailed(why) if why.contains("no room left")))
    );
    device.close();
}

#[wasm_bindgen_test]
async fn rows_that_cannot_be_read_come_again() {
    let name = fresh_name();
    let (device, _) = signed_in_on(&name, 6).await;
    until(|| device.first_sync_done()).await;
    device.close();
    let end = unreadable("snapshots");
    let device = Device::open_on(&name, |_| {}).await.unwrap();
    ended(&end);
    until(|| device.first_sync_done() && device.with_view(|view| view.count(Table::Turns)) == 1).await;
    assert!(!device.storage().is_fleeting());
    device.close();
}

#[wasm_bindgen_test]
async fn a_first_unsent_change_asks_to_keep_the_data_once() {
    office(7);
    let device = Device::open_on(&fresh_name(), |_| {}).await.unwrap();
    device.sign_in("anna@example.com", "right").await.unwrap();
    until(|| device.first_sync_done()).await;
    assert_eq!(device.storage_promise().await, None, "signing in alone asks nothing");
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("First")).await.unwrap();
    while device.storage_promise().await.is_none() {
        browser::scope::sleep(10).await;
    }
    let estimate = device.storage_estimate().await.unwrap();
    assert!(estimate.used_bytes > 0 && estimate.granted_bytes > estimate.used_bytes);
    device.close();
}

/// Unsettled writes on the disk.
async fn stored_writes(name: &str) -> usize {
    let store = IdbStore::open(name).await.unwrap();
    let stored = store.outbox().await.unwrap().into_iter().filter_map(Stored::record).count();
    store.close();
    stored
}

fn ended(fault: &Function) {
    fault.call0(&JsValue::NULL).unwrap();
}
