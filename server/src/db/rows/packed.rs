//! Rows as the database packs them, for whoever wants their texts and nothing else.
//!
//! The database hands over one JSON text for many rows, and most of it goes on as it stands, without becoming values of ours.
//!
//! **Invariant:** what a cell is written as is the JSON of what [`domain::Value::to_pg_text`] makes of its value.

use crate::db::codec;
use domain::{ColumnType, RowId};
use sea_orm::{DbErr, QueryResult};
use serde_json::value::RawValue;

/// Rows in a database's own JSON: arrays of cells, the id first.
pub struct Packed {
    kinds: Vec<ColumnType>,
    text: String,
    count: u64,
    last: Option<RowId>,
}

impl Packed {
    /// Of a query for the text, the number of rows and the last id.
    pub(super) fn read(kinds: Vec<ColumnType>, found: Option<QueryResult>) -> Result<Self, DbErr> {
        let (text, count, last) = match found {
            Some(found) => (
                found.try_get_by_index(0)?,
                found.try_get_by_index::<i64>(1)?,
                found.try_get_by_index::<Option<String>>(2)?,
            ),
            None => ("[]".to_owned(), 0, None),
        };
        let last = last
            .map(|last| last.parse())
            .transpose()
            .map_err(|_| DbErr::Type("an id is no uuid".to_owned()))?;
        Ok(Self {
            kinds,
            text,
            count: count.unsigned_abs(),
            last,
        })
    }

    /// How many rows there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The greatest id.
    pub const fn last(&self) -> Option<RowId> {
        self.last
    }

    /// About how long the rows are as JSON, without names.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Gives each row's cells, the id's first.
    pub fn each(&self, mut take: impl FnMut(Cells<'_>) -> Result<(), DbErr>) -> Result<(), DbErr> {
        let rows: Vec<Vec<&RawValue>> = serde_json::from_str(&self.text).map_err(|error| DbErr::Json(error.to_string()))?;
        rows.iter().try_for_each(|cells| take(Cells { packed: self, cells }))
    }
}

/// The cells of one row.
pub struct Cells<'a> {
    packed: &'a Packed,
    cells: &'a [&'a RawValue],
}

impl Cells<'_> {
    /// Writes a cell as JSON: a string or null.
    pub fn write(&self, index: usize, json: &mut String) -> Result<(), DbErr> {
        let (Some(cell), Some(kind)) = (self.cells.get(index), self.packed.kinds.get(index)) else {
            return Err(DbErr::Type(format!("there is no cell {index}")));
        };
        match cell.get() {
            // A text is a text in both languages.
            text if text == "null" || text.starts_with('"') => json.push_str(text),
            number => {
                let number = number.parse().map_err(|_| DbErr::Type(format!("cell {index} is not {}", kind.pg_name())))?;
                json.push('"');
                json.push_str(&codec::of_number(*kind, number).to_pg_text(*kind).unwrap_or_default());
                json.push('"');
            }
        }
        Ok(())
    }
}
