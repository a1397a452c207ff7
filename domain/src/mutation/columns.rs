//! Untrusted JSON, column by column: known, of the right type, the author's to set, within its limits.

use super::Operation;
use crate::{Column, Table, Value, schema::SetBy};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Reads one column; the error says what is wrong with it.
pub(super) fn read_column(table: Table, operation: Operation, name: &str, json: &Json) -> Result<(usize, Value), String> {
    let index = table.column_index(name).ok_or("is not a column of this table")?;
    let column = &table.columns()[index];
    let allowed = match column.set_by {
        SetBy::Author => matches!(operation, Operation::Create | Operation::Update),
        SetBy::Creator => operation == Operation::Create,
        SetBy::StageChange => operation == Operation::StageChange,
        SetBy::Decision => matches!(operation, Operation::Approve | Operation::Reject),
        SetBy::Server => false,
    };
    if !allowed {
        return Err(not_settable(column, operation).to_owned());
    }
    let value = Value::from_json(column.kind, json).map_err(|wrong| wrong.to_string())?;
    check_value(column, &value)?;
    Ok((index, value))
}

fn not_settable(column: &Column, operation: Operation) -> &'static str {
    match (column.set_by, operation) {
        (_, Operation::Delete) => "has no place in a delete",
        (_, Operation::Approve | Operation::Reject) => "has no place in a decision",
        (SetBy::Decision, _) => "is set by the server",
        (SetBy::StageChange, _) => "changes by a stage-change only",
        (SetBy::Creator, _) => "is fixed once the row is made",
        (SetBy::Server, _) => "is set by the server",
        (SetBy::Author, _) => "has no place in a stage-change",
    }
}

fn check_value(column: &Column, value: &Value) -> Result<(), String> {
    match value {
        Value::Null if column.required => Err("is required".to_owned()),
        Value::Text(text) if column.required && text.trim().is_empty() => Err("is required".to_owned()),
        Value::Text(text) if !column.choices.is_empty() && !column.choices.contains(&&**text) => Err(format!("must be one of {}", column.choices.join(", "))),
        Value::Text(text) if text.chars().count() > column.max_chars => Err(format!("must be at most {} characters", column.max_chars)),
        // PostgreSQL cannot store it.
        Value::Text(text) if text.contains('\0') => Err("must not contain a null character".to_owned()),
        Value::Texts(texts)
            if texts.len() > 50
                || texts
                    .iter()
                    .any(|text| text.is_empty() || text.contains('\0') || text.chars().count() > column.max_chars) =>
        {
            Err(format!("must be at most 50 texts of 1 to {} characters", column.max_chars))
        }
        Value::Numeric(amount) | Value::Int(amount) if *amount < 0 => Err("must not be negative".to_owned()),
        _ => Ok(()),
    }
}

/// Reports what a new row must have and was not given.
pub(super) fn report_missing(table: Table, given: &[(usize, Value)], problems: &mut BTreeMap<String, String>) {
    for (index, column) in table.columns().iter().enumerate() {
        let authors = matches!(column.set_by, SetBy::Author | SetBy::Creator);
        let has_default = !column.default.value(column.kind).is_null();
        if authors && column.required && !has_default && !given.iter().any(|(at, _)| *at == index) {
            problems.entry(column.name.to_owned()).or_insert_with(|| "is required".to_owned());
        }
    }
}
