//! A value where it lies, in a row that is read or in one that is packed.

use super::PackedTexts;
use crate::{Date, Timestamp, Value};
use uuid::Uuid;

/// See the module; the variants are [`Value`]'s.
#[derive(Clone, Copy)]
pub enum ValueRef<'a> {
    /// SQL's NULL.
    Null,
    /// `bool`
    Bool(bool),
    /// `int4` and `int8`
    Int(i64),
    /// `numeric`, in the column's smallest unit.
    Numeric(i64),
    /// `uuid`
    Uuid(Uuid),
    /// `date`
    Date(Date),
    /// `timestamptz`
    Timestamp(Timestamp),
    /// `text`
    Text(&'a str),
    /// `text[]`
    Texts(&'a [Box<str>]),
    /// `text[]` in a packed row.
    PackedTexts(PackedTexts<'a>),
}

impl<'a> From<&'a Value> for ValueRef<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Text(text) => Self::Text(text),
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(n) => Self::Int(*n),
            Value::Numeric(unscaled) => Self::Numeric(*unscaled),
            Value::Uuid(id) => Self::Uuid(*id),
            Value::Date(date) => Self::Date(*date),
            Value::Timestamp(at) => Self::Timestamp(*at),
            Value::Texts(texts) => Self::Texts(texts),
        }
    }
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Text(text) => Self::text(text),
            ValueRef::Bool(b) => Self::Bool(b),
            ValueRef::Int(n) => Self::Int(n),
            ValueRef::Numeric(unscaled) => Self::Numeric(unscaled),
            ValueRef::Uuid(id) => Self::Uuid(id),
            ValueRef::Date(date) => Self::Date(date),
            ValueRef::Timestamp(at) => Self::Timestamp(at),
            ValueRef::Texts(texts) => Self::Texts(texts.into()),
            ValueRef::PackedTexts(texts) => Self::Texts(texts.iter().map(Into::into).collect()),
        }
    }
}

impl std::fmt::Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Value::from(*self).fmt(f)
    }
}
