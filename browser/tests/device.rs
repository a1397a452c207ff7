//! The device as screens use it, in a page, against an office that stands in for the server.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use browser::{Device, News, scope::sleep};
use common::fresh_name;
use domain::{Operation, Row, RowId, Table, Value};
use serde_json::{Map, Value as Json, json};
use std::{cell::RefCell, rc::Rc};
use sync::{Mark, store::conformance::row_id};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/common/office.js")]
extern "C" {
    fn open_office(user: &str, rows: &str);
    fn office_goes(mode: &str);
    fn colleague_writes(table: &str, id: &str, value: &str);
    fn requests() -> String;
    fn network_returns();
}

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
    device.sign_out().await.unwrap();
    assert_eq!(
        (device.user(), device.with_view(|view| view.count(Table::Turns)), device.outbox().len()),
        (None, 0, 0)
    );
    office(7);
    device.sign_in("ben@example.com", "right").await.unwrap();
    until(|| device.first_sync_done()).await;
    assert!(device.outbox().is_empty());
    assert!(!requests().contains("accepted writes"), "nobody's writes go in another's name");
    device.sign_out().await.unwrap();
    office(6);
    device.sign_in("anna@example.com", "right").await.unwrap();
    until(|| device.outbox().is_empty() && device.first_sync_done() && shown_notes(&device) == "Annas").await;
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

type Heard = Rc<RefCell<Vec<News>>>;

async fn signed_in(user: u64) -> (Device, Heard) {
    signed_in_on(&fresh_name(), user).await
}

async fn signed_in_on(database: &str, user: u64) -> (Device, Heard) {
    office(user);
    let heard = Heard::default();
    let hear = heard.clone();
    let device = Device::open_on(database, move |news| hear.borrow_mut().push(news)).await.unwrap();
    device.sign_in("anna@example.com", "right").await.unwrap();
    (device, heard)
}

/// Opens the office for this user, with one turn.
fn office(user: u64) {
    let user = json!({"id": row_id(user).to_string(), "email": "anna@example.com", "name": "Anna", "role": "PROPERTY_MANAGER"});
    let mut row = Row::blank(Table::Turns);
    row.set("id", Value::Uuid(turn().0));
    row.set("version", Value::Int(1));
    open_office(&user.to_string(), &json!([["turns", row.to_pg_json()]]).to_string());
}

fn turn() -> RowId {
    row_id(77)
}

fn notes(text: &str) -> Map<String, Json> {
    json!({ "notes": text }).as_object().unwrap().clone()
}

fn shown_notes(device: &Device) -> String {
    device.with_view(|view| view.row(Table::Turns, turn()).and_then(|row| row.text("notes")).unwrap_or_default().to_owned())
}

/// Waits for something that comes by itself. Generous: a busy machine is no fault, and only failures pay for it.
async fn until(holds: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if holds() {
            return;
        }
        sleep(20).await;
    }
    panic!("it did not come within a minute");
}
