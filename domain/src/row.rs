//! One row of a synced table: values in the order of the table's columns.
//!
//! A device holds far more rows than it shows, so what comes from a stream or a disk stays [`packed`] until somebody asks for its values; a
//! single column is read where it lies.
//!
//! **Invariant:** nobody can tell from its values whether a row is packed.

mod packed;
mod packing;
mod value_ref;

pub use packed::PackedTexts;
pub use packing::Packing;
pub use value_ref::ValueRef;

use crate::{Cents, Date, RowId, Table, Timestamp, UserId, Value, value::WrongType};
use packed::Packed;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};
use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

/// A row. It always has a value (perhaps NULL) for every column of its table.
///
/// A copy shares its values until one of the two changes: a row is handed on far more often than it is changed.
#[derive(Clone, Debug)]
pub struct Row {
    table: Table,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Values(Arc<[Value]>),
    Packed {
        packed: Packed,
        /// The values, once somebody has asked for them.
        values: OnceLock<Arc<[Value]>>,
    },
}

/// A row as JSON in PostgreSQL's text form, written without building an object first.
struct PgText<'a>(&'a Row);

/// A row that arrived could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{table}.{column} {wrong}")]
pub struct UnreadableRow {
    /// SQL name of the table.
    pub table: &'static str,
    /// Which column.
    pub column: String,
    /// What was expected there.
    #[source]
    pub wrong: WrongType,
}

const ID: usize = 0;
const VERSION: usize = 1;

impl Row {
    /// A row of NULLs.
    pub fn blank(table: Table) -> Self {
        Self::of(table, Form::Values(vec![Value::Null; table.columns().len()].into()))
    }

    fn of(table: Table, form: Form) -> Self {
        Self { table, form }
    }

    /// Which table it belongs to.
    pub fn table(&self) -> Table {
        self.table
    }

    /// The primary key; the nil id in a row that has none yet.
    pub fn id(&self) -> RowId {
        match self.peek_at(ID) {
            ValueRef::Uuid(id) => RowId(id),
            _ => RowId(uuid::Uuid::nil()),
        }
    }

    /// How often the row has been written; 0 in a row that the server has not seen.
    pub fn version(&self) -> i64 {
        match self.peek_at(VERSION) {
            ValueRef::Int(version) => version,
            _ => 0,
        }
    }

    /// A column's value; NULL where the table has no such column.
    pub fn get(&self, column: &str) -> &Value {
        self.table.column_index(column).map_or(&Value::Null, |index| self.at(index))
    }

    /// A value by its column's position.
    pub fn at(&self, index: usize) -> &Value {
        self.values().get(index).unwrap_or(&Value::Null)
    }

    /// A column's value where it lies: for a look at a few columns of many rows.
    pub fn peek(&self, column: &str) -> ValueRef<'_> {
        self.table.column_index(column).map_or(ValueRef::Null, |index| self.peek_at(index))
    }

    /// The same by the column's position.
    pub fn peek_at(&self, index: usize) -> ValueRef<'_> {
        match &self.form {
            Form::Values(values) => values.get(index).map_or(ValueRef::Null, ValueRef::from),
            Form::Packed { packed, .. } => packed.value(index),
        }
    }

    /// Looks at the values of some columns in one walk through the row; bit `n` of `wanted` is the column at `n`. NULLs at the end may be left out.
    pub fn peek_each(&self, wanted: u64, mut look: impl FnMut(usize, ValueRef<'_>)) {
        let is_wanted = |index: usize| wanted.checked_shr(index as u32).is_some_and(|rest| rest & 1 == 1);
        match &self.form {
            Form::Values(values) => {
                let values = values.iter().enumerate().filter(|(index, _)| is_wanted(*index));
                values.for_each(|(index, value)| look(index, value.into()));
            }
            Form::Packed { packed, .. } => packed.each(is_wanted, look),
        }
    }

    /// Puts a value; says whether the table has that column.
    pub fn set(&mut self, column: &str, value: Value) -> bool {
        let Some(index) = self.table.column_index(column) else { return false };
        self.set_at(index, value);
        true
    }

    /// All values, in the order of the table's columns.
    pub fn values(&self) -> &[Value] {
        match &self.form {
            Form::Values(values) => values,
            Form::Packed { packed, values } => values.get_or_init(|| unpacked(self.table, packed)),
        }
    }

    /// Puts a value by its column's position; out of range does nothing.
    pub fn set_at(&mut self, index: usize, value: Value) {
        if let Some(slot) = self.values_mut().get_mut(index) {
            *slot = value;
        }
    }

    fn values_mut(&mut self) -> &mut [Value] {
        if let Form::Packed { packed, values } = &mut self.form {
            let values = values.take().unwrap_or_else(|| unpacked(self.table, packed));
            self.form = Form::Values(values);
        }
        match &mut self.form {
            Form::Values(values) => Arc::make_mut(values),
            Form::Packed { .. } => &mut [],
        }
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.table == other.table && self.values() == other.values()
    }
}

impl Eq for Row {}

/// Typed reading; each gives `None` for NULL.
impl Row {
    /// A text column.
    pub fn text(&self, column: &str) -> Option<&str> {
        match self.peek(column) {
            ValueRef::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean column; NULL reads as false.
    pub fn flag(&self, column: &str) -> bool {
        matches!(self.peek(column), ValueRef::Bool(true))
    }

    /// A whole-number column.
    pub fn int(&self, column: &str) -> Option<i64> {
        match self.peek(column) {
            ValueRef::Int(n) => Some(n),
            _ => None,
        }
    }

    /// A money column.
    pub fn cents(&self, column: &str) -> Option<Cents> {
        self.unscaled(column).map(Cents)
    }

    /// A `numeric` column in its smallest unit (hundredths for quantities).
    pub fn unscaled(&self, column: &str) -> Option<i64> {
        match self.peek(column) {
            ValueRef::Numeric(unscaled) => Some(unscaled),
            _ => None,
        }
    }

    /// A reference to another row.
    pub fn row_id(&self, column: &str) -> Option<RowId> {
        match self.peek(column) {
            ValueRef::Uuid(id) => Some(RowId(id)),
            _ => None,
        }
    }

    /// A reference to a person.
    pub fn user_id(&self, column: &str) -> Option<UserId> {
        self.row_id(column).map(|id| UserId(id.0))
    }

    /// A date column.
    pub fn date(&self, column: &str) -> Option<Date> {
        match self.peek(column) {
            ValueRef::Date(date) => Some(date),
            _ => None,
        }
    }

    /// An instant.
    pub fn timestamp(&self, column: &str) -> Option<Timestamp> {
        match self.peek(column) {
            ValueRef::Timestamp(at) => Some(at),
            _ => None,
        }
    }
}

/// How rows are kept.
impl Row {
    /// The row in a part of these bytes, as [`Self::pack_into`] wrote it; `None` where it is none.
    pub fn from_packed(table: Table, all: &Arc<[u8]>, part: Range<usize>) -> Option<Self> {
        let packed = Packed::new(all, part)?;
        packed::is_row(table, packed.bytes()).then(|| Self::of(table, Form::packed(packed)))
    }

    /// Writes the row behind what is there.
    pub fn pack_into(&self, out: &mut Vec<u8>) {
        match &self.form {
            Form::Packed { packed, .. } => out.extend_from_slice(packed.bytes()),
            Form::Values(values) => {
                let given = values.iter().rposition(|value| !value.is_null()).map_or(0, |last| last + 1);
                values.iter().take(given).for_each(|value| packed::put(value.into(), out));
            }
        }
    }

    /// The same row, packed by itself.
    #[must_use]
    pub fn packed(&self) -> Self {
        if let Form::Packed { packed, .. } = &self.form {
            return Self::of(self.table, Form::packed(packed.clone()));
        }
        let mut bytes = Vec::new();
        self.pack_into(&mut bytes);
        let all = bytes.into();
        Packed::new(&all, 0..all.len()).map_or_else(|| self.clone(), |packed| Self::of(self.table, Form::packed(packed)))
    }
}

impl Form {
    fn packed(packed: Packed) -> Self {
        Self::Packed {
            packed,
            values: OnceLock::new(),
        }
    }
}

fn unpacked(table: Table, packed: &Packed) -> Arc<[Value]> {
    let values = packed.values().map(Value::from).chain(std::iter::repeat(Value::Null));
    values.take(table.columns().len()).collect()
}

/// How rows travel and are stored.
impl Row {
    /// All columns in PostgreSQL's text form, as shapes carry them and devices store them.
    pub fn to_pg_json(&self) -> Map<String, Json> {
        self.columns()
            .map(|(column, value)| (column.name.to_owned(), value.to_pg_text(column.kind).map_or(Json::Null, Json::String)))
            .collect()
    }

    /// All columns as the text of a JSON object, each in PostgreSQL's text form.
    pub fn to_pg_text(&self) -> String {
        // A map of texts to texts or nulls cannot fail to be written.
        serde_json::to_string(&PgText(self)).unwrap_or_default()
    }

    /// All columns in the JSON of write answers (booleans and versions as themselves).
    pub fn to_json(&self) -> Map<String, Json> {
        self.columns()
            .map(|(column, value)| (column.name.to_owned(), value.to_json(column.kind)))
            .collect()
    }

    /// Puts the columns of a shape message over this row. Columns that this version of the app does not know
    /// are passed over: the server may be newer.
    pub fn merge_pg_json(&mut self, columns: &Map<String, Json>) -> Result<(), UnreadableRow> {
        self.merge(columns, |kind, json| match json {
            Json::Null => Ok(Value::Null),
            Json::String(text) => Value::from_pg_text(kind, Some(text)),
            _ => Err(WrongType { expected: kind.expected() }),
        })
    }

    /// Reads the JSON of a write answer (`serverData`, a receipt's row).
    pub fn from_json(table: Table, columns: &Map<String, Json>) -> Result<Self, UnreadableRow> {
        let mut row = Self::blank(table);
        row.merge(columns, Value::from_json)?;
        Ok(row)
    }

    /// Reads a whole row in PostgreSQL's text form.
    pub fn from_pg_json(table: Table, columns: &Map<String, Json>) -> Result<Self, UnreadableRow> {
        let mut row = Self::blank(table);
        row.merge_pg_json(columns)?;
        Ok(row)
    }

    fn merge(&mut self, columns: &Map<String, Json>, read: impl Fn(crate::ColumnType, &Json) -> Result<Value, WrongType>) -> Result<(), UnreadableRow> {
        let table = self.table;
        let values = self.values_mut();
        for (name, json) in columns {
            let Some(index) = table.column_index(name) else { continue };
            let kind = table.columns()[index].kind;
            values[index] = read(kind, json).map_err(|wrong| UnreadableRow {
                table: table.sql_name(),
                column: name.clone(),
                wrong,
            })?;
        }
        Ok(())
    }

    fn columns(&self) -> impl Iterator<Item = (&'static crate::Column, &Value)> {
        self.table.columns().iter().zip(self.values())
    }
}

impl Serialize for PgText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.columns().map(|(column, value)| (column.name, value.to_pg_text(column.kind))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(json: Json) -> Map<String, Json> {
        match json {
            Json::Object(map) => map,
            _ => panic!("not an object"),
        }
    }

    #[test]
    fn a_row_survives_both_forms() {
        let mut row = Row::blank(Table::ScopeItems);
        row.set("id", Value::Uuid(uuid::Uuid::from_u128(7)));
        row.set("version", Value::Int(3));
        row.set("description", Value::text("Repaint, two coats"));
        row.set("unit_cost", Value::Numeric(12_550));
        row.set("is_done", Value::Bool(true));
        assert_eq!(Row::from_pg_json(Table::ScopeItems, &row.to_pg_json()).as_ref(), Ok(&row));
        assert_eq!(Row::from_json(Table::ScopeItems, &row.to_json()).as_ref(), Ok(&row));
        assert_eq!(row.to_pg_json()["unit_cost"], "125.50");
        assert_eq!(serde_json::from_str::<Json>(&row.to_pg_text()).unwrap(), Json::Object(row.to_pg_json()));
        assert_eq!(row.to_json()["version"], 3);
    }

    #[test]
    fn a_packed_row_is_the_same_row() {
        let mut vendor = Row::blank(Table::Vendors);
        vendor.set("id", Value::Uuid(uuid::Uuid::from_u128(7)));
        vendor.set("version", Value::Int(300));
        vendor.set("created_at", Value::Timestamp(Timestamp::from_micros(-5)));
        vendor.set("company_name", Value::text("Ödland & Söhne 🏠"));
        vendor.set("trades", Value::Texts(["paint".into(), "".into()].into()));
        vendor.set("insurance_expires_on", Value::Date(Date::new(2026, 11, 30).unwrap()));
        vendor.set("is_approved", Value::Bool(true));
        vendor.set("rating", Value::Numeric(-450));
        let packed = vendor.packed();
        assert_eq!((packed.id(), packed.version()), (vendor.id(), 300));
        assert_eq!(packed.text("company_name"), vendor.text("company_name"));
        assert_eq!((packed.flag("is_approved"), packed.flag("is_active")), (true, false));
        assert_eq!(packed.unscaled("rating"), Some(-450));
        for row in [&packed, &vendor] {
            let mut seen = Vec::new();
            row.peek_each(1 << 1 | 1 << 6 | 1 << 63, |index, value| seen.push((index, Value::from(value))));
            assert_eq!(seen, [(1, Value::Int(300)), (6, Value::text("Ödland & Söhne 🏠"))]);
        }
        assert_eq!(packed, vendor);
        assert_eq!(Row::blank(Table::Turns).packed(), Row::blank(Table::Turns));
        let mut changed = packed.clone();
        changed.set("phone", Value::text("555"));
        assert_ne!(changed, packed, "a copy is a row of its own");
        assert_eq!(changed.packed().text("phone"), Some("555"));
    }

    #[test]
    fn bytes_that_are_no_row_are_refused() {
        let mut row = Row::blank(Table::ScopeItems);
        row.set("id", Value::Uuid(uuid::Uuid::from_u128(7)));
        row.set("room", Value::text("Kitchen"));
        row.set("position", Value::Int(1 << 40));
        let mut bytes = Vec::new();
        row.pack_into(&mut bytes);
        let read = |bytes: &[u8]| {
            let all = bytes.into();
            Row::from_packed(Table::ScopeItems, &all, 0..bytes.len())
        };
        assert_eq!(read(&bytes).as_ref(), Some(&row));
        for cut in 1..bytes.len() {
            assert!(read(&bytes[..cut]).is_none_or(|shorter| shorter != row), "cut at {cut}");
        }
        for at in 0..bytes.len() {
            for wrong in [0, 8, 9, 0x80, 0xff] {
                let mut broken = bytes.clone();
                broken[at] = wrong;
                // Whatever it is taken for, it can be read to its end.
                assert!(read(&broken).is_none_or(|row| row.values().len() == Table::ScopeItems.columns().len()));
            }
        }
        assert_eq!(
            Row::from_packed(Table::Turns, &bytes.as_slice().into(), 0..bytes.len()),
            None,
            "of another table"
        );
    }

    #[test]
    fn columns_are_packed_in_whatever_order_they_come() {
        let mut packing = Packing::new(Table::Turns);
        let index = |name| Table::Turns.column_index(name).unwrap();
        packing.put_pg_text(index("notes"), Some("first")).unwrap();
        packing.put_pg_text(index("id"), Some("00000000-0000-7000-8000-000000000007")).unwrap();
        packing.put_pg_text(index("notes"), Some("second")).unwrap();
        packing.put_pg_text(index("due_date"), None).unwrap();
        assert!(packing.put_pg_text(index("estimated_amount"), Some("much")).is_err());
        packing.end_row();
        packing.put_pg_text(index("version"), Some("3")).unwrap();
        packing.begin_row();
        packing.end_row();
        let rows = packing.finish();
        let mut expected = Row::blank(Table::Turns);
        expected.set("id", Value::Uuid(uuid::Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0007)));
        expected.set("notes", Value::text("second"));
        assert_eq!(rows, [expected, Row::blank(Table::Turns)]);
    }

    #[test]
    fn an_update_touches_only_its_columns_and_ignores_unknown_ones() {
        let mut row = Row::blank(Table::Properties);
        row.set("name", Value::text("12 Elm Street"));
        row.merge_pg_json(&object(json!({"city": "Tulsa", "column_of_next_year": "x"}))).unwrap();
        assert_eq!((row.text("name"), row.text("city")), (Some("12 Elm Street"), Some("Tulsa")));
    }

    #[test]
    fn an_unreadable_value_names_its_column() {
        let error = Row::from_pg_json(Table::Turns, &object(json!({"due_date": "soon"}))).unwrap_err();
        assert_eq!(error.to_string(), "turns.due_date must be a date such as 2026-11-23");
    }
}
