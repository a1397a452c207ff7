//! Outbox records as plain JavaScript objects, which a person can read in the browser's developer tools.

use super::error::StoreError;
use js_sys::Reflect;
use serde::Serialize;
use serde_json::Value as Json;
use serde_wasm_bindgen::Serializer;
use sync::{OutboxRecord, Stored, WriteState};
use wasm_bindgen::JsValue;

/// As stored: maps as objects, numbers as numbers, nothing as null.
pub fn to_js(record: &OutboxRecord) -> Result<JsValue, StoreError> {
    record
        .serialize(&Serializer::json_compatible())
        .map_err(|error| StoreError::Browser(error.to_string()))
}

/// What is stored, understood or not; never lost.
pub fn from_js(stored: JsValue) -> Stored {
    match serde_wasm_bindgen::from_value::<Json>(stored.clone()) {
        Ok(raw) => Stored::read(raw),
        Err(error) => Stored::Unreadable {
            raw: js_sys::JSON::stringify(&stored)
                .ok()
                .and_then(|text| text.as_string())
                .map_or(Json::Null, Json::String),
            reason: format!("this change cannot be read: {error}"),
        },
    }
}

/// Whether a stored object is acknowledged, without reading all of it: most of a long outbox is not.
pub fn is_acked(stored: &JsValue) -> bool {
    let state = Reflect::get(stored, &"state".into()).unwrap_or_default();
    state
        .as_string()
        .is_some_and(|state| Ok(WriteState::Acked) == serde_json::from_value::<WriteState>(Json::String(state)).map_err(|_| ()))
}
