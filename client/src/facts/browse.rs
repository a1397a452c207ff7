//! The rows that lie on this device, to look at: what the inspector shows of a table.
//!
//! **Invariant:** every column of a row is shown, also those that no page has a place for.

use super::{fields, writes};
use domain::{Row, RowId, Table};
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
    let shown = |column: &domain::Column| writes::shown_value(view, table, column.name, &row.get(column.name).to_json(column.kind));
    Found {
        id: row.id(),
        name: name(view, row),
        version: row.version(),
        columns: columns.map(|column| (column.name, shown(column))).collect(),
    }
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
    fn a_row_shows_all_that_it_holds() {
        let field = Field::new();
        let turn = found(&field.view, field.view.row(Table::Turns, Field::TURN).expect("a turn"));
        assert_eq!((turn.name.as_str(), turn.version), ("12 Elm Street", 1));
        assert!(turn.columns.contains(&("stage_id", "Draft".to_owned())), "{:?}", turn.columns);
        assert!(turn.columns.contains(&("priority", "medium".to_owned())));
    }
}
