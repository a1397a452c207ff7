//! What stories about refused writes have in common: how such writes come about, and how the question about one is met.
//!
//! **Invariant:** every refusal is the server's own; only how a write came into the outbox may be made up.

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::{Api, Device, Page};

/// What the keyboard is on, as JavaScript.
pub const FOCUSED: &str = r"(() => {
    const on = document.activeElement;
    const name = (on.getAttribute('aria-label') ?? on.textContent).trim();
    return on.type === 'radio' ? `radio ${name}` : name;
})()";

/// Puts records into a device's outbox behind those that are there: what a screen would have made that the app does not have.
pub async fn make_elsewhere(tablet: &Device, base: &str, records: &[Value]) -> Result<()> {
    let blank = tablet.open_page(&format!("{base}/health")).await?;
    blank.make_elsewhere(records).await?;
    blank.close().await
}

/// A record as the first released app wrote it, waiting to be sent.
pub fn waiting_record(user: &str, table: &str, row: &Value, operation: &str, base_version: &Value, changes: &Value) -> Value {
    json!({
        "schema": 1, "writeId": crate::api::new_write_id(), "userId": user, "deviceId": crate::api::new_write_id(),
        "table": table, "rowId": row, "operation": operation, "changes": changes, "baseVersion": base_version, "dependsOn": [],
        "madeAtMs": 1_763_870_000_000_i64, "state": "pending", "attempts": 0, "nextAttemptAtMs": null, "lastError": null, "receipt": null, "revision": 0
    })
}

/// Waits until a question has the keyboard, on its likeliest answer.
pub async fn asked(page: &Page, about: &str, answer: &str) -> Result<()> {
    page.role("dialog").name_containing(about).wait().await?;
    page.wait_for(&format!("{FOCUSED} === {}", json!(answer)), &format!("the focus on {answer:?}"))
        .await
}

/// A text of a row.
pub fn text<'a>(row: &'a Map<String, Value>, column: &str) -> &'a str {
    row.get(column).and_then(Value::as_str).unwrap_or_default()
}

/// A write to a row on the version that is known of it.
pub fn update(row: &Map<String, Value>, operation: &str, data: Value) -> Result<Value> {
    let version: i64 = text(row, "version").parse()?;
    Ok(json!({ "operation": operation, "writeId": crate::api::new_write_id(), "id": row["id"], "version": version, "data": data }))
}

/// The turn of a home, as the office finds it.
pub async fn turn_of(office: &Api, property: &str) -> Result<Map<String, Value>> {
    let home = office.row("properties", "name", property).await?;
    office.row("turns", "property_id", text(&home, "id")).await
}
