//! One row of a synced table: values in the order of the table's columns.

use crate::{Cents, Date, RowId, Table, Timestamp, UserId, Value, value::WrongType};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// A row. It always has a value (perhaps NULL) for every column of its table.
///
/// A copy shares its values until one of the two changes: a row is handed on far more often than it is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    table: Table,
    values: Arc<[Value]>,
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
        Self {
            table,
            values: vec![Value::Null; table.columns().len()].into(),
        }
    }

    /// Which table it belongs to.
    pub fn table(&self) -> Table {
        self.table
    }

    /// The primary key; the nil id in a row that has none yet.
    pub fn id(&self) -> RowId {
        match self.values[ID] {
            Value::Uuid(id) => RowId(id),
            _ => RowId(uuid::Uuid::nil()),
        }
    }

    /// How often the row has been written; 0 in a row that the server has not seen.
    pub fn version(&self) -> i64 {
        match self.values[VERSION] {
            Value::Int(version) => version,
            _ => 0,
        }
    }

    /// A column's value; NULL where the table has no such column.
    pub fn get(&self, column: &str) -> &Value {
        self.table.column_index(column).map_or(&Value::Null, |index| &self.values[index])
    }

    /// A value by its column's position.
    pub fn at(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Null)
    }

    /// Puts a value; says whether the table has that column.
    pub fn set(&mut self, column: &str, value: Value) -> bool {
        let Some(index) = self.table.column_index(column) else { return false };
        Arc::make_mut(&mut self.values)[index] = value;
        true
    }

    /// All values, in the order of the table's columns.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Puts a value by its column's position; out of range does nothing.
    pub fn set_at(&mut self, index: usize, value: Value) {
        if let Some(slot) = Arc::make_mut(&mut self.values).get_mut(index) {
            *slot = value;
        }
    }
}

/// Typed reading; each gives `None` for NULL.
impl Row {
    /// A text column.
    pub fn text(&self, column: &str) -> Option<&str> {
        match self.get(column) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean column; NULL reads as false.
    pub fn flag(&self, column: &str) -> bool {
        *self.get(column) == Value::Bool(true)
    }

    /// A whole-number column.
    pub fn int(&self, column: &str) -> Option<i64> {
        match self.get(column) {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// A money column.
    pub fn cents(&self, column: &str) -> Option<Cents> {
        self.unscaled(column).map(Cents)
    }

    /// A `numeric` column in its smallest unit (hundredths for quantities).
    pub fn unscaled(&self, column: &str) -> Option<i64> {
        match self.get(column) {
            Value::Numeric(unscaled) => Some(*unscaled),
            _ => None,
        }
    }

    /// A reference to another row.
    pub fn row_id(&self, column: &str) -> Option<RowId> {
        match self.get(column) {
            Value::Uuid(id) => Some(RowId(*id)),
            _ => None,
        }
    }

    /// A reference to a person.
    pub fn user_id(&self, column: &str) -> Option<UserId> {
        self.row_id(column).map(|id| UserId(id.0))
    }

    /// A date column.
    pub fn date(&self, column: &str) -> Option<Date> {
        match self.get(column) {
            Value::Date(date) => Some(*date),
            _ => None,
        }
    }

    /// An instant.
    pub fn timestamp(&self, column: &str) -> Option<Timestamp> {
        match self.get(column) {
            Value::Timestamp(at) => Some(*at),
            _ => None,
        }
    }
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
        let values = Arc::make_mut(&mut self.values);
        for (name, json) in columns {
            let Some(index) = self.table.column_index(name) else { continue };
            let kind = self.table.columns()[index].kind;
            values[index] = read(kind, json).map_err(|wrong| UnreadableRow {
                table: self.table.sql_name(),
                column: name.clone(),
                wrong,
            })?;
        }
        Ok(())
    }

    fn columns(&self) -> impl Iterator<Item = (&'static crate::Column, &Value)> {
        self.table.columns().iter().zip(&*self.values)
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
