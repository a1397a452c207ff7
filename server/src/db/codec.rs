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

/// The value as a parameter of a statement.
pub fn bound(backend: DbBackend, kind: ColumnType, value: &Value) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::value(value.to_pg_text(kind)).cast_as(Alias::new(kind.pg_name())),
        _ => Expr::value(sqlite_value(kind, value)),
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

fn read_sqlite(result: &QueryResult, index: usize, kind: ColumnType) -> Result<Value, DbErr> {
    if !is_number(kind) {
        return read_text(result, index, kind);
    }
    let Some(number) = result.try_get_by_index::<Option<i64>>(index)? else {
        return Ok(Value::Null);
    };
    Ok(match kind {
        ColumnType::Bool => Value::Bool(number != 0),
        ColumnType::Numeric { .. } => Value::Numeric(number),
        ColumnType::Timestamp => Value::Timestamp(Timestamp::from_micros(number)),
        _ => Value::Int(number),
    })
}

fn read_text(result: &QueryResult, index: usize, kind: ColumnType) -> Result<Value, DbErr> {
    let text: Option<String> = result.try_get_by_index(index)?;
    Value::from_pg_text(kind, text.as_deref()).map_err(|_| DbErr::Type(format!("column {index} is not {}", kind.pg_name())))
}

const fn is_number(kind: ColumnType) -> bool {
    match kind {
        ColumnType::Bool | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric { .. } | ColumnType::Timestamp => true,
        ColumnType::Text | ColumnType::Uuid | ColumnType::Date | ColumnType::TextArray => false,
    }
}
