//! How a domain value stands in a database column.
//!
//! In SQLite: uuid, text and date as TEXT, bool as 0/1, numeric as a whole number of its smallest unit (no
//! floating-point money), timestamptz as microseconds, text[] as PostgreSQL's array literal. In PostgreSQL each column has its
//! own type; values go in and out in PostgreSQL's text form, which the domain reads and writes already.
//!
//! **Invariant:** what [`selected`] and [`read`] bring back is what [`bound`] put in, for every column type on both.

use domain::{ColumnType, Timestamp, Value};
use sea_orm::{
    DbBackend, DbErr, QueryResult,
    sea_query::{self, Alias, ColumnRef, Expr, ExprTrait},
};
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use std::fmt;

/// The value as an expression of a statement.
pub fn bound(backend: DbBackend, kind: ColumnType, value: &Value) -> Expr {
    of_parameter(backend, kind, Expr::value(parameter(backend, kind, value)))
}

/// The value as it is handed to the driver.
pub fn parameter(backend: DbBackend, kind: ColumnType, value: &Value) -> sea_query::Value {
    match backend {
        DbBackend::Postgres => value.to_pg_text(kind).into(),
        _ => sqlite_value(kind, value),
    }
}

/// What was handed to the driver, as the column takes it.
pub fn of_parameter(backend: DbBackend, kind: ColumnType, parameter: Expr) -> Expr {
    match backend {
        DbBackend::Postgres => parameter.cast_as(Alias::new(kind.pg_name())),
        _ => parameter,
    }
}

/// A column as [`read`] wants it in a list of what is selected.
pub fn selected(backend: DbBackend, column: impl Into<ColumnRef>) -> Expr {
    let column = Expr::col(column);
    match backend {
        DbBackend::Postgres => column.cast_as(Alias::new("text")),
        _ => column,
    }
}

/// The value that stands in a column of a result.
pub fn read(backend: DbBackend, result: &QueryResult, index: usize, kind: ColumnType) -> Result<Value, DbErr> {
    match backend {
        DbBackend::Postgres => read_text(result, index, kind),
        _ => read_sqlite(result, index, kind),
    }
}

/// NULL needs the column's type, so that the driver binds the right one.
fn sqlite_value(kind: ColumnType, value: &Value) -> sea_query::Value {
    match value {
        Value::Null if is_number(kind) => sea_query::Value::BigInt(None),
        Value::Null => sea_query::Value::String(None),
        Value::Bool(b) => i64::from(*b).into(),
        Value::Int(n) | Value::Numeric(n) => (*n).into(),
        Value::Timestamp(at) => at.micros().into(),
        Value::Text(_) | Value::Uuid(_) | Value::Date(_) | Value::Texts(_) => value.to_pg_text(kind).into(),
    }
}

/// A value of SQLite's in JSON that it has made.
pub enum Cell {
    /// NULL.
    Null,
    /// INTEGER.
    Number(i64),
    /// TEXT.
    Text(String),
}

/// The value that stands in a column of a row that SQLite has packed as JSON.
pub fn read_cell(cell: Option<&Cell>, index: usize, kind: ColumnType) -> Result<Value, DbErr> {
    match cell {
        Some(Cell::Null) => Ok(Value::Null),
        Some(Cell::Number(number)) if is_number(kind) => Ok(of_number(kind, *number)),
        Some(Cell::Text(text)) if !is_number(kind) => of_text(kind, Some(text), index),
        _ => Err(is_not(kind, index)),
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl Visitor<'_> for CellVisitor {
    type Value = Cell;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NULL, a whole number or a text")
    }
    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Null)
    }
    fn visit_i64<E>(self, number: i64) -> Result<Cell, E> {
        Ok(Cell::Number(number))
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Cell, E> {
        i64::try_from(number).map(Cell::Number).map_err(E::custom)
    }
    fn visit_str<E>(self, text: &str) -> Result<Cell, E> {
        Ok(Cell::Text(text.to_owned()))
    }
}

fn read_sqlite(result: &QueryResult, index: usize, kind: ColumnType) -> Result<Value, DbErr> {
    if !is_number(kind) {
        return read_text(result, index, kind);
    }
    let number = result.try_get_by_index::<Option<i64>>(index)?;
    Ok(number.map_or(Value::Null, |number| of_number(kind, number)))
}

fn read_text(result: &QueryResult, index: usize, kind: ColumnType) -> Result<Value, DbErr> {
    let text: Option<String> = result.try_get_by_index(index)?;
    of_text(kind, text.as_deref(), index)
}

/// The value that a number of SQLite's stands for.
pub fn of_number(kind: ColumnType, number: i64) -> Value {
    match kind {
        ColumnType::Bool => Value::Bool(number != 0),
        ColumnType::Numeric { .. } => Value::Numeric(number),
        ColumnType::Timestamp => Value::Timestamp(Timestamp::from_micros(number)),
        _ => Value::Int(number),
    }
}

fn of_text(kind: ColumnType, text: Option<&str>, index: usize) -> Result<Value, DbErr> {
    Value::from_pg_text(kind, text).map_err(|_| is_not(kind, index))
}

fn is_not(kind: ColumnType, index: usize) -> DbErr {
    DbErr::Type(format!("column {index} is not {}", kind.pg_name()))
}

const fn is_number(kind: ColumnType) -> bool {
    match kind {
        ColumnType::Bool | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric { .. } | ColumnType::Timestamp => true,
        ColumnType::Text | ColumnType::Uuid | ColumnType::Date | ColumnType::TextArray => false,
    }
}
