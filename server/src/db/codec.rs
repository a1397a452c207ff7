//! How a domain value stands in a database column.
//!
//! In SQLite: uuid, text and date as TEXT, bool as 0/1, numeric as a whole number of its smallest unit (no
//! floating-point money), timestamptz as microseconds.
//!
//! **Invariant:** `from_sql(to_sql(value))` is `value`, for every column type.

use domain::{ColumnType, Timestamp, Value};
use sea_orm::{DbErr, QueryResult, sea_query};
use uuid::Uuid;

/// The value as a bound parameter. NULL needs the column's type, so that the driver binds the right one.
pub fn to_sql(kind: ColumnType, value: &Value) -> sea_query::Value {
    match value {
        Value::Null => null(kind),
        Value::Text(text) => text.to_string().into(),
        Value::Bool(b) => i64::from(*b).into(),
        Value::Int(n) | Value::Numeric(n) => (*n).into(),
        Value::Uuid(id) => id.to_string().into(),
        Value::Date(date) => date.to_string().into(),
        Value::Timestamp(at) => at.micros().into(),
        Value::Texts(_) => value.to_pg_text(kind).into(),
    }
}

/// The value that stands in a column of a result.
pub fn from_sql(result: &QueryResult, index: usize, kind: ColumnType) -> Result<Value, DbErr> {
    let unreadable = || DbErr::Type(format!("column {index} is not {}", kind.pg_name()));
    let value = match kind {
        ColumnType::Text => text(result, index)?.map(Value::text),
        ColumnType::Uuid => text(result, index)?
            .map(|text| Uuid::parse_str(&text))
            .transpose()
            .map_err(|_| unreadable())?
            .map(Value::Uuid),
        ColumnType::Date => text(result, index)?
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| unreadable())?
            .map(Value::Date),
        ColumnType::TextArray => text(result, index)?
            .map(|text| Value::from_pg_text(kind, Some(&text)))
            .transpose()
            .map_err(|_| unreadable())?,
        ColumnType::Bool => number(result, index)?.map(|n| Value::Bool(n != 0)),
        ColumnType::Int4 | ColumnType::Int8 => number(result, index)?.map(Value::Int),
        ColumnType::Numeric { .. } => number(result, index)?.map(Value::Numeric),
        ColumnType::Timestamp => number(result, index)?.map(|micros| Value::Timestamp(Timestamp::from_micros(micros))),
    };
    Ok(value.unwrap_or(Value::Null))
}

fn null(kind: ColumnType) -> sea_query::Value {
    match kind {
        ColumnType::Text | ColumnType::Uuid | ColumnType::Date | ColumnType::TextArray => sea_query::Value::String(None),
        ColumnType::Bool | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric { .. } | ColumnType::Timestamp => sea_query::Value::BigInt(None),
    }
}

fn text(result: &QueryResult, index: usize) -> Result<Option<String>, DbErr> {
    result.try_get_by_index(index)
}

fn number(result: &QueryResult, index: usize) -> Result<Option<i64>, DbErr> {
    result.try_get_by_index(index)
}
