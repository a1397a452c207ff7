//! Records of earlier versions of the app, as this version would have written them.
//!
//! A tablet may lie in a drawer for a year with writes in it. One function per version leads to the next; none is ever removed.
//!
//! **Invariant:** an upgrade changes how a write is written down, never what its author wants.

use super::SCHEMA;
use serde_json::{Map, Value as Json, json};

/// The upgrader of version `n` stands at place `n - 1`.
const UPGRADERS: [fn(&mut Map<String, Json>); SCHEMA as usize - 1] = [from_1, from_2];

/// The record in today's form; none where its version is unknown or newer.
pub fn upgraded(mut raw: Json) -> Option<Json> {
    let record = raw.as_object_mut()?;
    let schema = record
        .get("schema")
        .and_then(Json::as_u64)
        .filter(|schema| (1..=u64::from(SCHEMA)).contains(schema))?;
    for upgrade in UPGRADERS.iter().skip(usize::try_from(schema).ok()? - 1) {
        upgrade(record);
    }
    record.insert("schema".to_owned(), SCHEMA.into());
    Some(raw)
}

/// Version 2 knows whether a write was sent and not answered. What was tried and waits may have been.
fn from_1(record: &mut Map<String, Json>) {
    let was_tried = record.get("attempts").and_then(Json::as_u64) > Some(0);
    if was_tried && record.get("state") == Some(&json!("pending")) {
        record.insert("isUnanswered".to_owned(), true.into());
    }
}

/// Version 3 counts how often an echo was looked for in vain, and knows of a delete whether its row had come. Nobody has counted yet, and it had.
fn from_2(_: &mut Map<String, Json>) {}
