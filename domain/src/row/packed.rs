//! A row as bytes: what a device holds a hundred thousand of, in memory and on its disk.
//!
//! The values stand in the order of the table's columns, each behind a byte that says what it is; NULLs at the end are left out. A third of
//! the room that the values themselves take, and what one column holds is found without reading the others.
//!
//! **Invariant:** whatever the bytes are, reading them neither fails nor goes beyond them; [`is_row`] says whether they are a row.

mod bytes;

use super::ValueRef;
use crate::{ColumnType, Date, Table, Timestamp};
use bytes::{Bytes, put_number};
use std::{fmt, ops::Range, sync::Arc};
use uuid::Uuid;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const NUMERIC: u8 = 4;
const UUID: u8 = 5;
const DATE: u8 = 6;
const TIMESTAMP: u8 = 7;
const TEXT: u8 = 8;
const TEXTS: u8 = 9;

/// One row's bytes among those of many.
#[derive(Clone)]
pub struct Packed {
    all: Arc<[u8]>,
    start: u32,
    end: u32,
}

/// A `text[]` as it lies in a packed row.
#[derive(Clone, Copy)]
pub struct PackedTexts<'a>(&'a [u8]);

impl Packed {
    /// A part of `all`; nothing where there is no such part.
    pub fn new(all: &Arc<[u8]>, part: Range<usize>) -> Option<Self> {
        all.get(part.clone())?;
        Some(Self {
            all: all.clone(),
            start: part.start.try_into().ok()?,
            end: part.end.try_into().ok()?,
        })
    }

    /// The row's own bytes.
    pub fn bytes(&self) -> &[u8] {
        self.all.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The value of the column at `index`.
    pub fn value(&self, index: usize) -> ValueRef<'_> {
        let mut values = Bytes(self.bytes());
        for _ in 0..index {
            if skip(&mut values).is_none() {
                return ValueRef::Null;
            }
        }
        take(&mut values).unwrap_or(ValueRef::Null)
    }

    /// Looks at the values that are wanted, in order.
    pub fn each(&self, is_wanted: impl Fn(usize) -> bool, mut look: impl FnMut(usize, ValueRef<'_>)) {
        let mut values = Bytes(self.bytes());
        for index in 0.. {
            if !is_wanted(index) {
                if skip(&mut values).is_none() {
                    return;
                }
            } else if let Some(value) = take(&mut values) {
                look(index, value);
            } else {
                return;
            }
        }
    }

    /// All values that are there, in order.
    pub fn values(&self) -> impl Iterator<Item = ValueRef<'_>> {
        let mut values = Bytes(self.bytes());
        std::iter::from_fn(move || take(&mut values))
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.values()).finish()
    }
}

impl<'a> PackedTexts<'a> {
    /// Each text.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let mut rest = Bytes(self.0);
        std::iter::from_fn(move || rest.text())
    }
}

/// Whether these bytes are a row of the table: each value of its column's type, no more values than columns, nothing behind them.
pub fn is_row(table: Table, bytes: &[u8]) -> bool {
    let mut values = Bytes(bytes);
    for column in table.columns() {
        if values.0.is_empty() {
            return true;
        }
        let Some(value) = take(&mut values) else { return false };
        if !value.fits(column.kind) {
            return false;
        }
    }
    values.0.is_empty()
}

/// Puts a value behind what is there.
pub fn put(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::Null => out.push(NULL),
        ValueRef::Bool(false) => out.push(FALSE),
        ValueRef::Bool(true) => out.push(TRUE),
        ValueRef::Int(n) => put_tagged(INT, n, out),
        ValueRef::Numeric(n) => put_tagged(NUMERIC, n, out),
        ValueRef::Date(date) => put_tagged(DATE, date.days().into(), out),
        ValueRef::Timestamp(at) => put_tagged(TIMESTAMP, at.micros(), out),
        ValueRef::Uuid(id) => {
            out.push(UUID);
            out.extend_from_slice(id.as_bytes());
        }
        ValueRef::Text(text) => {
            out.push(TEXT);
            put_text(text, out);
        }
        ValueRef::Texts(texts) => {
            let mut all = Vec::new();
            texts.iter().for_each(|text| put_text(text, &mut all));
            put_length(TEXTS, all.len(), out);
            out.extend_from_slice(&all);
        }
        ValueRef::PackedTexts(texts) => {
            put_length(TEXTS, texts.0.len(), out);
            out.extend_from_slice(texts.0);
        }
    }
}

/// The value that stands first.
pub fn read(bytes: &[u8]) -> Option<ValueRef<'_>> {
    take(&mut Bytes(bytes))
}

/// All values; `None` where they are none.
pub fn read_all(bytes: &[u8]) -> Option<Vec<ValueRef<'_>>> {
    let (mut rest, mut values) = (Bytes(bytes), Vec::new());
    while !rest.0.is_empty() {
        values.push(take(&mut rest)?);
    }
    Some(values)
}

fn put_tagged(tag: u8, n: i64, out: &mut Vec<u8>) {
    out.push(tag);
    // Small numbers of either sign are short.
    put_number(((n << 1) ^ (n >> 63)).cast_unsigned(), out);
}

fn put_length(tag: u8, length: usize, out: &mut Vec<u8>) {
    out.push(tag);
    put_number(length as u64, out);
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_number(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn take<'a>(from: &mut Bytes<'a>) -> Option<ValueRef<'a>> {
    Some(match from.byte()? {
        NULL => ValueRef::Null,
        FALSE => ValueRef::Bool(false),
        TRUE => ValueRef::Bool(true),
        INT => ValueRef::Int(signed(from)?),
        NUMERIC => ValueRef::Numeric(signed(from)?),
        DATE => ValueRef::Date(Date::from_days(signed(from)?.try_into().ok()?)?),
        TIMESTAMP => ValueRef::Timestamp(Timestamp::from_micros(signed(from)?)),
        UUID => ValueRef::Uuid(Uuid::from_bytes(from.slice(16)?.try_into().ok()?)),
        TEXT => ValueRef::Text(from.text()?),
        TEXTS => ValueRef::PackedTexts(texts(from)?),
        _ => return None,
    })
}

fn texts<'a>(from: &mut Bytes<'a>) -> Option<PackedTexts<'a>> {
    let length = from.length()?;
    let inside = from.slice(length)?;
    let mut rest = Bytes(inside);
    while !rest.0.is_empty() {
        rest.text()?;
    }
    Some(PackedTexts(inside))
}

/// Passes over a value without looking into it.
fn skip(from: &mut Bytes<'_>) -> Option<()> {
    match from.byte()? {
        NULL | FALSE | TRUE => {}
        INT | NUMERIC | DATE | TIMESTAMP => drop(from.number()?),
        UUID => drop(from.slice(16)?),
        TEXT | TEXTS => {
            let length = from.length()?;
            from.slice(length)?;
        }
        _ => return None,
    }
    Some(())
}

fn signed(from: &mut Bytes<'_>) -> Option<i64> {
    let n = from.number()?;
    Some((n >> 1).cast_signed() ^ -(n & 1).cast_signed())
}

impl ValueRef<'_> {
    /// Whether a column of this type may hold it.
    pub(super) fn fits(self, kind: ColumnType) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(_) => kind == ColumnType::Bool,
            Self::Int(_) => matches!(kind, ColumnType::Int4 | ColumnType::Int8),
            Self::Numeric(_) => matches!(kind, ColumnType::Numeric { .. }),
            Self::Uuid(_) => kind == ColumnType::Uuid,
            Self::Date(_) => kind == ColumnType::Date,
            Self::Timestamp(_) => kind == ColumnType::Timestamp,
            Self::Text(_) => kind == ColumnType::Text,
            Self::Texts(_) | Self::PackedTexts(_) => kind == ColumnType::TextArray,
        }
    }
}
