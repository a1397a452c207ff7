//! A tablet with a camera, for the suites about photos.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each suite is a program of its own and uses a part")]

use super::tablet::{network_returns, office_goes, signed_in_on, turn, until};
use browser::{Device, PhotoError};
use domain::{RowId, Table};
use js_sys::Promise;
use serde_json::Value as Json;
use sync::Photo;
use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

#[wasm_bindgen(module = "/tests/common/pictures.js")]
extern "C" {
    fn picture(width: u32, height: u32, name: &str) -> Promise;
}

#[wasm_bindgen(module = "/tests/common/office.js")]
extern "C" {
    pub fn upload_faults(faults: &str);
    pub fn forget_uploads();
    fn uploaded() -> Promise;
}

#[wasm_bindgen(module = "/tests/common/faults.js")]
extern "C" {
    fn everything_in(name: &str) -> Promise;
}

pub const TURN: Table = Table::Turns;

/// A picture as a camera makes it.
pub async fn photo_of(width: u32, height: u32) -> File {
    JsFuture::from(picture(width, height, "hall.jpeg")).await.unwrap().unchecked_into()
}

/// Keeps it with the turn.
pub async fn take(device: &Device, file: &File) -> Result<RowId, PhotoError> {
    device.take_photo((TURN, turn()), "before", file).await
}

/// The first that lies here.
pub fn the_photo(device: &Device) -> Photo {
    device.photos().first().unwrap().clone()
}

/// What the office has whole, by document.
pub async fn in_the_office() -> Json {
    let text = JsFuture::from(uploaded()).await.unwrap().as_string().unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Everything that lies in a database.
pub async fn contents(name: &str) -> Json {
    let text = JsFuture::from(everything_in(name)).await.unwrap().as_string().unwrap();
    serde_json::from_str(&text).unwrap()
}

/// How many things lie in one of its stores.
pub fn count(contents: &Json, store: &str) -> usize {
    contents[store].as_array().unwrap().len()
}

/// A tablet without signal, on which its user is at work.
pub async fn without_signal(name: &str) -> Device {
    upload_faults("[]");
    let (device, _) = signed_in_on(name, 1).await;
    until(|| device.first_sync_done()).await;
    office_goes("down");
    device
}

/// It has one again.
pub fn signal_returns() {
    office_goes("up");
    network_returns();
}
