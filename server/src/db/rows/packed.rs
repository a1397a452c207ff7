//! Rows as the database packs them, for whoever wants their texts and nothing else.
//!
//! The database hands over one JSON text for many rows, and most of it goes on as it stands, without becoming values of ours.
//!
//! **Invariant:** what a cell is written as is the JSON of what [`domain::Value::to_pg_text`] makes of its value.

use super::cells::{NoRows, each_row};
use crate::db::codec;
use domain::{ColumnType, RowId};
use sea_orm::{DbErr, QueryResult};

/// Rows in a database's own JSON: arrays of cells, the id first.
pub struct Packed {
    kinds: Vec<ColumnType>,
    text: String,
    count: u64,
    last: Option<RowId>,
    end: i64,
}

impl Packed {
    /// Of a query for the text, the number of rows, the last id and the log's end.
    pub(super) fn read(kinds: Vec<ColumnType>, found: &QueryResult) -> Result<Self, DbErr> {
        let last: Option<String> = found.try_get_by_index(2)?;
        let no_id = |_| DbErr::Type("an id is no uuid".to_owned());
        Ok(Self {
            kinds,
            text: found.try_get_by_index(0)?,
            count: found.try_get_by_index::<i64>(1)?.unsigned_abs(),
            last: last.map(|last| last.parse()).transpose().map_err(no_id)?,
            end: found.try_get_by_index::<Option<i64>>(3)?.unwrap_or_default(),
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

    /// The change log's end in the state that the rows are of.
    pub const fn end(&self) -> i64 {
        self.end
    }

    /// About how long the rows are as JSON, without names.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Gives each row's cells, the id's first.
    pub fn each(&self, mut take: impl FnMut(Cells<'_>) -> Result<(), DbErr>) -> Result<(), DbErr> {
        each_row(&self.text, |cells| take(Cells { packed: self, cells }))
    }
}

/// The cells of one row.
pub struct Cells<'a> {
    packed: &'a Packed,
    cells: &'a [&'a str],
}

impl Cells<'_> {
    /// Writes a cell as JSON: a string or null.
    pub fn write(&self, index: usize, json: &mut String) -> Result<(), DbErr> {
        let (Some(cell), Some(kind)) = (self.cells.get(index), self.packed.kinds.get(index)) else {
            return Err(DbErr::Type(format!("there is no cell {index}")));
        };
        match *cell {
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

impl From<NoRows> for DbErr {
    fn from(_: NoRows) -> Self {
        Self::Json("the database packed something else than rows".to_owned())
    }
}
