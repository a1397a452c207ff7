//! Outbox records as plain JavaScript objects, which a person can read in the browser's developer tools.
//!
//! They cross over as text, each in one piece when it is written and all in one when they are read: crossing once for each field of each would
//! make a thousand waiting writes dear.
//!
//! **Invariant:** whatever lies in the store comes out, understood or not.

use super::error::StoreError;
use js_sys::{Array, JSON, Reflect};
use serde::Serialize;
use serde_json::{Value as Json, value::RawValue};
use sync::{OutboxRecord, Stored, WriteState, outbox::SCHEMA};
use wasm_bindgen::JsValue;

/// As stored: maps as objects, numbers as numbers, nothing as null. A plain object, which a person can read in the browser's developer tools.
pub fn to_js(record: &impl Serialize) -> Result<JsValue, StoreError> {
    let text = serde_json::to_string(record).map_err(|error| StoreError::Browser(error.to_string()))?;
    JSON::parse(&text).map_err(|error| StoreError::Browser(format!("{error:?}")))
}

/// What is stored, in its order.
pub fn read_all(stored: &[JsValue]) -> Vec<Stored> {
    let text = JSON::stringify(&stored.iter().collect::<Array>()).ok().and_then(|text| text.as_string());
    let texts = text.as_deref().and_then(|text| serde_json::from_str::<Vec<&RawValue>>(text).ok());
    match texts {
        Some(texts) if texts.len() == stored.len() => texts.into_iter().map(|text| read_text(text.get())).collect(),
        // One of them is nothing that JSON knows: it alone must not hide the others.
        _ => stored.iter().map(read).collect(),
    }
}

/// One stored object.
pub fn read(stored: &JsValue) -> Stored {
    match JSON::stringify(stored).ok().and_then(|text| text.as_string()) {
        Some(text) => read_text(&text),
        None => Stored::Unreadable {
            raw: Json::Null,
            reason: "this change cannot be read: it is no JSON".to_owned(),
        },
    }
}

/// Whether a stored object is acknowledged, without reading all of it: most of a long outbox is not.
pub fn is_acked(stored: &JsValue) -> bool {
    let state = Reflect::get(stored, &"state".into()).unwrap_or_default();
    state
        .as_string()
        .is_some_and(|state| serde_json::from_value(Json::String(state)).is_ok_and(|state: WriteState| state == WriteState::Acked))
}

/// A stored object's key.
pub fn id(stored: &JsValue) -> Option<String> {
    Reflect::get(stored, &"writeId".into()).ok()?.as_string()
}

/// A stored object's revision, without reading all of it; none where it is no record that this app understands.
pub fn revision(stored: &JsValue) -> Option<u64> {
    let field = |name: &str| Reflect::get(stored, &name.into()).ok().and_then(|value| value.as_f64());
    match field("schema") {
        Some(schema) if schema == f64::from(SCHEMA) => field("revision").map(|revision| revision as u64),
        _ => Some(read(stored).record()?.revision),
    }
}

/// Straight to today's record where it is one; [`Stored::read`] has the word about everything else.
fn read_text(text: &str) -> Stored {
    match serde_json::from_str::<OutboxRecord>(text) {
        Ok(record) if record.schema == SCHEMA => Stored::Record(Box::new(record)),
        _ => Stored::read(serde_json::from_str(text).unwrap_or_default()),
    }
}
