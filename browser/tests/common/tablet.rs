//! A tablet and its office, for the suites that use the device as screens do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each suite is a program of its own and uses a part")]

use super::common::fresh_name;
use browser::{Device, News, scope::sleep};
use domain::{Row, RowId, Table, Value};
use serde_json::{Map, Value as Json, json};
use std::{cell::RefCell, rc::Rc};
use sync::store::conformance::row_id;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/tests/common/office.js")]
extern "C" {
    pub fn open_office(user: &str, rows: &str);
    pub fn office_goes(mode: &str);
    pub fn colleague_writes(table: &str, id: &str, value: &str);
    pub fn requests() -> String;
    pub fn network_returns();
    pub fn key_ring(number: u32);
}

/// What the device has told.
pub type Heard = Rc<RefCell<Vec<News>>>;

/// A tablet with an office of its own, whose user has signed in.
pub async fn signed_in(user: u64) -> (Device, Heard) {
    signed_in_on(&fresh_name(), user).await
}

/// The same on a database of this name.
pub async fn signed_in_on(database: &str, user: u64) -> (Device, Heard) {
    office(user);
    let heard = Heard::default();
    let hear = heard.clone();
    let device = Device::open_on(database, move |news| hear.borrow_mut().push(news)).await.unwrap();
    device.sign_in("anna@example.com", "right").await.unwrap();
    (device, heard)
}

/// Opens the office for this user, with one turn.
pub fn office(user: u64) {
    office_of(user, [turn()]);
}

/// The same with these turns.
pub fn office_of(user: u64, turns: impl IntoIterator<Item = RowId>) {
    let user = json!({"id": row_id(user).to_string(), "email": "anna@example.com", "name": "Anna", "role": "PROPERTY_MANAGER"});
    let row = |id: RowId| {
        let mut row = Row::blank(Table::Turns);
        row.set("id", Value::Uuid(id.0));
        row.set("version", Value::Int(1));
        json!(["turns", row.to_pg_json()])
    };
    let rows: Vec<Json> = turns.into_iter().map(row).collect();
    open_office(&user.to_string(), &json!(rows).to_string());
}

/// The one turn.
pub fn turn() -> RowId {
    row_id(77)
}

/// The data of a write of notes.
pub fn notes(text: &str) -> Map<String, Json> {
    json!({ "notes": text }).as_object().unwrap().clone()
}

/// The turn's notes as the screen has them.
pub fn shown_notes(device: &Device) -> String {
    notes_of(device, turn())
}

/// A turn's notes as the screen has them.
pub fn notes_of(device: &Device, turn: RowId) -> String {
    device.with_view(|view| view.row(Table::Turns, turn).and_then(|row| row.text("notes")).unwrap_or_default().to_owned())
}

/// Waits for something that comes by itself. Generous: a busy machine is no fault, and only failures pay for it.
pub async fn until(holds: impl Fn() -> bool) {
    for _ in 0..3_000 {
        if holds() {
            return;
        }
        sleep(20).await;
    }
    panic!("it did not come within a minute");
}
