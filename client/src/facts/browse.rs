//! The rows that lie on this device, to look at: what the inspector shows of a table.
//!
//! **Invariant:** every column of a row is shown, also those that no page has a place for.

use super::{fields, names};
use domain::{ColumnType, Row, RowId, Table, schema::Column};
use sync::LocalView;

/// One row, with all that it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Which row.
    pub id: RowId,
    /// What people call it, or its id.
    pub name: String,
    /// Its version.
    pub version: i64,
    /// Column and value; what is empty is left out.
    pub columns: Vec<(&'static str, String)>,
}

/// A row with all that it holds.
pub fn found(view: &LocalView, row: &Row) -> Found {
    let table = row.table();
    let columns = table.columns().iter().filter(|column| !row.get(column.name).is_null());
    Found {
        id: row.id(),
        name: name(view, row),
        version: row.version(),
        columns: columns.map(|column| (column.name, shown(view, row, column))).collect(),
    }
}

/// What people read in a row that does not hold it itself: what the rows behind its ids are called, and values as they are written.
pub fn in_words(view: &LocalView, row: &Row) -> String {
    let table = row.table();
    let reads_otherwise = |column: &&Column| matches!(column.kind, ColumnType::Uuid | ColumnType::Date | ColumnType::Numeric { .. });
    let columns = table.columns().iter().filter(|column| !row.get(column.name).is_null());
    let shown = columns.filter(reads_otherwise).map(|column| shown(view, row, column));
    std::iter::once(name(view, row)).chain(shown).collect::<Vec<_>>().join(" ")
}

fn shown(view: &LocalView, row: &Row, column: &Column) -> String {
    fields::shown(column, row.get(column.name), |id| names::name_of(view, column.name, id))
}

/// A turn is called by its home; the others by the first of their texts.
fn name(view: &LocalView, row: &Row) -> String {
    if row.table() == Table::Turns {
        return super::turn_name(view, row.id());
    }
    let named = ["name", "company_name", "description", "title", "file_name"];
    let text = named
        .into_iter()
        .filter(|column| row.table().column(column).is_some())
        .find_map(|column| row.text(column));
    text.map_or_else(|| fields::capital(row.table().row_name()), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::Field;

    #[test]
    fn a_row_is_found_by_what_is_read_in_it() {
        let mut field = Field::new();
        field.put_item(Field::TURN, 1, "Kitchen", 100, 250_000);
        let read = |table, id| in_words(&field.view, field.view.row(table, id).expect("a row"));
        assert!(read(Table::Turns, Field::TURN).contains("12 Elm Street"), "a turn by its home");
        assert!(read(Table::Turns, Field::TURN).contains("Draft"), "and by its stage");
        let item = read(Table::ScopeItems, RowId(uuid::Uuid::from_u128(1_001)));
        assert!(item.contains("12 Elm Street") && item.contains("$2,500.00"), "{item}");
    }

    #[test]
    fn a_row_shows_all_that_it_holds() {
        let field = Field::new();
        let turn = found(&field.view, field.view.row(Table::Turns, Field::TURN).expect("a turn"));
        assert_eq!((turn.name.as_str(), turn.version), ("12 Elm Street", 1));
        assert!(turn.columns.contains(&("stage_id", "Draft".to_owned())), "{:?}", turn.columns);
        assert!(turn.columns.contains(&("priority", "medium".to_owned())));
    }
}
