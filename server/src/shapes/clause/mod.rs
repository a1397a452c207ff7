//! A client's own `where`: a safe part of SQL that narrows a shape.
//!
//! [`read`] turns text into a [`Clause`], typed by the table's columns; [`Clause::admits`] asks it of a row, and [`sql`] of the
//! database. All negations are resolved when it is read: what is not known (NULL) is then as good as not true, and a
//! condition that a database would see otherwise than we do may be left out of its query without losing rows.
//!
//! **Invariant:** a row is in the shape because [`Clause::admits`] says so, or the database where it sees the clause as we do
//! ([`is_exact`]); else its query only spares us most others.

mod grammar;
mod like;
mod order;
mod parse;
mod sql;

pub use order::read_order;
pub use parse::{Parameters, read};
pub use sql::{condition, is_exact};

use domain::{Row, Table, Value};
use like::Pattern;
use std::cmp::Ordering;

/// What rows of a table must fulfil.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// The same for every row.
    Constant(bool),
    /// All of these.
    All(Vec<Clause>),
    /// One of these.
    Any(Vec<Clause>),
    /// One value of the row, held against constants.
    Test(Operand, Test),
    /// Two values of the row.
    Compare(Operand, Comparison, Operand),
}

/// A column's value, as it is or as PostgreSQL's text of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// The column's place in its table.
    pub column: usize,
    /// Whether `::text` stands behind it.
    pub as_text: bool,
}

/// What a value is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Against one constant, never NULL.
    Is(Comparison, Value),
    /// Whether it is one of these, none of them NULL.
    In(Vec<Value>),
    /// Whether it is there and none of these.
    NotIn(Vec<Value>),
    /// Whether it looks so, or is there and does not.
    Like { pattern: Pattern, is_negated: bool },
    /// Whether it is there.
    IsNull(bool),
}

/// How two values stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Clause {
    /// Whether the clause is true of a row; what is not known is not true.
    pub fn admits(&self, row: &Row) -> bool {
        match self {
            Self::Constant(constant) => *constant,
            Self::All(clauses) => clauses.iter().all(|clause| clause.admits(row)),
            Self::Any(clauses) => clauses.iter().any(|clause| clause.admits(row)),
            Self::Test(operand, test) => test.holds(&operand.of(row)),
            Self::Compare(left, comparison, right) => comparison.holds(&left.of(row), &right.of(row)),
        }
    }
}

impl Operand {
    fn of(self, row: &Row) -> Value {
        let value = row.at(self.column);
        if !self.as_text {
            return value.clone();
        }
        let kind = self.kind(row.table());
        value.to_pg_text(kind).map_or(Value::Null, Value::text)
    }

    /// The column's type.
    pub fn kind(self, table: Table) -> domain::ColumnType {
        table.columns()[self.column].kind
    }
}

impl Test {
    /// Whether the test is true of a value; nothing but [`Test::IsNull`] is of NULL.
    pub fn holds(&self, value: &Value) -> bool {
        match self {
            Self::IsNull(is_null) => value.is_null() == *is_null,
            _ if value.is_null() => false,
            Self::Is(comparison, constant) => comparison.holds(value, constant),
            Self::In(constants) => constants.contains(value),
            Self::NotIn(constants) => !constants.contains(value),
            Self::Like { pattern, is_negated } => match value {
                Value::Text(text) => pattern.fits(text) != *is_negated,
                _ => false,
            },
        }
    }
}

impl Comparison {
    fn holds(self, left: &Value, right: &Value) -> bool {
        order(left, right).is_some_and(|order| match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }

    /// What holds where this does not, between values that are there.
    const fn negated(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }

    /// The same with its sides exchanged.
    const fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

/// How two values of one type are ordered; texts by their bytes. None where one is missing.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Int(right)) | (Value::Numeric(left), Value::Numeric(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Uuid(left), Value::Uuid(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
