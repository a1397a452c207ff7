//! Packs rows, value by value as they come, into one piece of memory.
//!
//! **Invariant:** a row is there with all of its values, or not at all.

use super::{Form, Packed, Row, ValueRef, packed};
use crate::{ColumnType, Table, Value, value::WrongType};
use std::{ops::Range, sync::Arc};

/// See the module.
#[derive(Debug)]
pub struct Packing {
    table: Table,
    bytes: Vec<u8>,
    /// Where each row ends.
    ends: Vec<usize>,
    /// The values of the row that is being packed, as they came, and where each column's lies.
    row: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Packing {
    /// Begins, without a row.
    pub fn new(table: Table) -> Self {
        Self {
            table,
            bytes: Vec::new(),
            ends: Vec::new(),
            row: Vec::new(),
            places: vec![0..0; table.columns().len()],
        }
    }

    /// Whose rows these are.
    pub const fn table(&self) -> Table {
        self.table
    }

    /// Gives the column at `index` its value; the last one counts.
    pub fn put(&mut self, index: usize, value: ValueRef<'_>) {
        let Some(place) = self.places.get_mut(index) else { return };
        let start = self.row.len();
        packed::put(value, &mut self.row);
        *place = start..self.row.len();
    }

    /// The same from PostgreSQL's text form.
    pub fn put_pg_text(&mut self, index: usize, text: Option<&str>) -> Result<(), WrongType> {
        let Some(column) = self.table.columns().get(index) else { return Ok(()) };
        match (column.kind, text) {
            (_, None) => self.put(index, ValueRef::Null),
            // No copy on the way.
            (ColumnType::Text, Some(text)) => self.put(index, ValueRef::Text(text)),
            (kind, text) => self.put(index, ValueRef::from(&Value::from_pg_text(kind, text)?)),
        }
        Ok(())
    }

    /// Gives a packed row's values to other columns, by the places of their own; `None` where one is not of its column's type.
    pub fn put_packed(&mut self, row: &[u8], places: &[Option<usize>]) -> Option<()> {
        for (value, place) in packed::read_all(row)?.into_iter().zip(places) {
            let Some(index) = *place else { continue };
            self.table.columns().get(index).filter(|column| value.fits(column.kind))?;
            self.put(index, value);
        }
        Some(())
    }

    /// The value that a column of the row has by now.
    pub fn value(&self, index: usize) -> Option<Value> {
        let place = self.places.get(index).filter(|place| !place.is_empty())?;
        packed::read(self.row.get(place.clone())?).map(Value::from)
    }

    /// The row has all of its values: whatever was not given is NULL.
    pub fn end_row(&mut self) {
        let given = self.places.iter().rposition(|place| !place.is_empty()).map_or(0, |last| last + 1);
        for place in self.places.iter().take(given) {
            match self.row.get(place.clone()) {
                Some(value) if !value.is_empty() => self.bytes.extend_from_slice(value),
                _ => packed::put(ValueRef::Null, &mut self.bytes),
            }
        }
        self.ends.push(self.bytes.len());
        self.begin_row();
    }

    /// Forgets the values of the row that has not ended.
    pub fn begin_row(&mut self) {
        self.row.clear();
        self.places.fill(0..0);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The rows, in the order in which they came. They share one piece of memory.
    pub fn finish(self) -> Vec<Row> {
        let all: Arc<[u8]> = self.bytes.into();
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let parts = starts.zip(&self.ends).filter_map(|(start, end)| Packed::new(&all, start..*end));
        parts.map(|packed| Row::of(self.table, Form::packed(packed))).collect()
    }
}
