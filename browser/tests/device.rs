//! The device as screens use it, in a page, against an office that stands in for the server.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/tablet.rs"]
mod tablet;

use browser::{Device, Leaving, News};
use common::fresh_name;
use domain::{Operation, Table};
use serde_json::json;
use sync::Mark;
use tablet::{colleague_writes, network_returns, notes, office, office_goes, requests, shown_notes, signed_in, signed_in_on, turn, until};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn a_tap_is_seen_at_once_sent_and_settled_by_its_echo() {
    let (device, heard) = signed_in(1).await;
    until(|| heard.borrow().contains(&News::FirstSync)).await;
    assert!(device.first_sync_done() && device.is_leader());
    heard.borrow_mut().clear();
    device.tap(Table::Turns, turn(), Operation::Update, notes("Keys under the mat")).unwrap();
    assert_eq!(shown_notes(&device), "Keys under the mat");
    assert!(matches!(heard.borrow()[0], News::Touched(_)), "told before the tap returned");
    assert_eq!(device.with_view(|view| view.mark(Table::Turns, turn())), Mark::Waiting);
    until(|| device.outbox().is_empty()).await;
    assert_eq!(device.history(9).await.len(), 1);
    assert_eq!(device.with_view(|view| view.synced_row(Table::Turns, turn()).unwrap().version()), 2);
    assert_eq!(device.status().to_string(), "All changes saved");
    device.close();
}

#[wasm_bindgen_test]
async fn what_the_rules_refuse_changes_nothing() {
    let (device, _) = signed_in(2).await;
    until(|| device.first_sync_done()).await;
    for (table, operation, data) in [
        (Table::TurnStages, Operation::Update, json!({})),
        (Table::Turns, Operation::Update, json!({"colour": "red"})),
        (Table::ScopeItems, Operation::Delete, json!({})),
    ] {
        assert!(device.tap(table, turn(), operation, data.as_object().unwrap().clone()).is_err());
    }
    assert!(device.outbox().is_empty());
    device.close();
}

#[wasm_bindgen_test]
async fn without_a_server_work_waits_and_goes_when_it_is_back() {
    let (device, _) = signed_in(3).await;
    until(|| device.first_sync_done()).await;
    office_goes("down");
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Offline")).await.unwrap();
    until(|| device.status().is_offline).await;
    assert_eq!(device.status().to_string(), "Offline · 1 change waiting");
    office_goes("up");
    network_returns();
    until(|| device.outbox().is_empty()).await;
    device.close();
}

#[wasm_bindgen_test]
async fn a_hotels_sign_in_page_is_no_answer() {
    let (device, _) = signed_in(4).await;
    until(|| device.first_sync_done()).await;
    office_goes("captive");
    device
        .tap_durable(Table::Turns, turn(), Operation::Update, notes("In the lobby"))
        .await
        .unwrap();
    until(|| device.outbox()[0].attempts == 1).await;
    assert_eq!((device.status().waiting, device.status().needs_sign_in), (1, false));
    device.close();
}

#[wasm_bindgen_test]
async fn an_ended_session_keeps_everything_until_its_user_is_back() {
    let (device, _) = signed_in(5).await;
    until(|| device.first_sync_done()).await;
    office_goes("signed-out");
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Still here")).await.unwrap();
    until(|| device.status().needs_sign_in).await;
    assert_eq!(device.status().to_string().replace("Offline · ", ""), "Sign in to send 1 change");
    assert_eq!((shown_notes(&device).as_str(), device.outbox()[0].attempts), ("Still here", 0));
    device.sign_in("anna@example.com", "right").await.unwrap();
    until(|| device.outbox().is_empty()).await;
    device.close();
}

#[wasm_bindgen_test]
async fn the_next_user_of_a_tablet_finds_nothing_and_the_first_one_everything() {
    let name = fresh_name();
    let (device, _) = signed_in_on(&name, 6).await;
    until(|| device.first_sync_done()).await;
    office_goes("down");
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("Annas")).await.unwrap();
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    assert_eq!(
        (device.user(), device.with_view(|view| view.count(Table::Turns)), device.outbox().len()),
        (None, 0, 0)
    );
    office(7);
    device.sign_in("ben@example.com", "right").await.unwrap();
    until(|| device.first_sync_done()).await;
    assert!(device.outbox().is_empty());
    assert!(!requests().contains("accepted writes"), "nobody's writes go in another's name");
    device.sign_out(Leaving::KeepSealed).await.unwrap();
    office(6);
    device.sign_in("anna@example.com", "right").await.unwrap();
    until(|| device.outbox().is_empty() && device.first_sync_done() && shown_notes(&device) == "Annas").await;
    device.close();
}

/// A hundred writes are much alike, and the signal is poor.
#[wasm_bindgen_test]
async fn many_writes_travel_compressed_and_one_as_it_is() {
    let (device, _) = signed_in_on(&fresh_name(), 9).await;
    until(|| device.first_sync_done()).await;
    device.tap_durable(Table::Turns, turn(), Operation::Update, notes("One")).await.unwrap();
    until(|| device.outbox().is_empty()).await;
    assert!(!requests().contains("compressed"));
    office_goes("down");
    for n in 0..20 {
        device
            .tap_durable(Table::Turns, turn(), Operation::Update, notes(&format!("Number {n}")))
            .await
            .unwrap();
    }
    office_goes("up");
    network_returns();
    until(|| device.outbox().is_empty()).await;
    let asked = requests();
    assert!(asked.contains("compressed") && shown_notes(&device) == "Number 19", "{asked}");
    device.close();
}

#[wasm_bindgen_test]
async fn a_second_tab_follows_and_takes_over() {
    let name = fresh_name();
    let (first, _) = signed_in_on(&name, 8).await;
    until(|| first.first_sync_done()).await;
    let second = Device::open_on(&name, |_| {}).await.unwrap();
    assert_eq!(shown_notes(&second), "", "shown from the store");
    assert!(first.is_leader() && !second.is_leader());
    colleague_writes("turns", &turn().to_string(), &json!({"notes": "From a colleague", "version": "2"}).to_string());
    until(|| shown_notes(&second) == "From a colleague").await;
    second.tap(Table::Turns, turn(), Operation::Update, notes("From the second tab")).unwrap();
    until(|| shown_notes(&first) == "From the second tab").await;
    first.close();
    until(|| second.is_leader()).await;
    second.close();
}

#[wasm_bindgen_test]
async fn a_wrong_network_says_so_at_sign_in() {
    office(9);
    office_goes("down");
    let device = Device::open_on(&fresh_name(), |_| {}).await.unwrap();
    let problem = device.sign_in("anna@example.com", "right").await.unwrap_err();
    assert_eq!(problem.code, protocol::ProblemCode::Unavailable);
    device.close();
}
