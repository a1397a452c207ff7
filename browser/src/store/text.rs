//! Rows as text, each by itself: reading JSON in WASM is faster than reading objects from JavaScript, field by field.
//!
//! **Invariant:** what one version of the app wrote, another one reads or refuses whole; it never reads half a row.

use super::error::StoreError;
use domain::{Row, RowId, Table};
use serde_json::{Map, Value as Json};

/// One row's record: the row, or that it has gone.
pub enum Kept {
    /// It stands like this.
    Row(Row),
    /// It is not there any more, whatever the snapshot says.
    Gone(RowId),
}

/// `{"id": …, …}`
pub fn of_row(row: &Row) -> Result<String, StoreError> {
    to_text(&Json::Object(columns(row)))
}

/// `"<id>"`
pub fn of_gone(id: RowId) -> String {
    format!("\"{id}\"")
}

/// Reads what [`of_row`] or [`of_gone`] wrote.
pub fn read(table: Table, text: &str) -> Result<Kept, StoreError> {
    match serde_json::from_str(text).map_err(unreadable)? {
        Json::Object(columns) => row(table, &columns).map(Kept::Row),
        Json::String(id) => id.parse().map(Kept::Gone).map_err(unreadable),
        _ => Err(unreadable("neither a row nor the id of one")),
    }
}

/// Reads a record of many rows, `[{…}, {…}]`, as the app wrote it up to layout 2.
pub fn read_rows(table: Table, text: &str) -> Result<Vec<Row>, StoreError> {
    let rows: Vec<Map<String, Json>> = serde_json::from_str(text).map_err(unreadable)?;
    rows.iter().map(|columns| row(table, columns)).collect()
}

/// A row that is read begins as all nulls, so they need not be written: that is half of the text.
fn columns(row: &Row) -> Map<String, Json> {
    row.to_pg_json().into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn row(table: Table, columns: &Map<String, Json>) -> Result<Row, StoreError> {
    Row::from_pg_json(table, columns).map_err(unreadable)
}

fn to_text(json: &Json) -> Result<String, StoreError> {
    serde_json::to_string(json).map_err(unreadable)
}

fn unreadable(why: impl ToString) -> StoreError {
    StoreError::UnreadableRow(why.to_string())
}
