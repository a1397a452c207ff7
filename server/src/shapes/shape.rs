//! One shape: the rows of one table that one session sees.
//!
//! **Invariant:** table, filter and columns come from the session, never from the request.

use crate::auth::Session;
use domain::{Column, ColumnType, Row, RowFilter, Table};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A shape and its name.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Which table.
    pub table: Table,
    /// Which rows.
    pub filter: RowFilter,
    /// Columns that the session does not see.
    pub hidden: &'static [&'static str],
    /// The name under which a client goes on: `<digits>-<digits>`.
    pub handle: String,
}

impl Shape {
    /// What a session sees of a table, in the database with this epoch.
    pub fn of(session: &Session, table: Table, epoch: &str) -> Self {
        let viewer = session.viewer();
        let (filter, hidden) = (viewer.sees(table), viewer.hidden(table));
        let handle = handle(table, &filter, hidden, epoch);
        Self { table, filter, hidden, handle }
    }

    /// Whether a row is in the shape.
    pub fn holds(&self, row: &Row) -> bool {
        self.filter.admits(row)
    }

    /// Whether a change of the table concerns the shape at all.
    pub fn concerns(&self, change: &crate::db::Change) -> bool {
        change.table == self.table && [&change.old, &change.new].into_iter().flatten().any(|row| self.holds(row))
    }

    /// The columns that the session sees.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &'static Column)> {
        let all = self.table.columns().iter().enumerate();
        all.filter(|(_, column)| !self.hidden.contains(&column.name))
    }

    /// The columns' types, as Electric's `electric-schema` header has them.
    pub fn schema(&self) -> String {
        let columns: Map<String, Json> = self.columns().map(|(_, column)| (column.name.to_owned(), column_schema(column))).collect();
        Json::Object(columns).to_string()
    }
}

fn column_schema(column: &Column) -> Json {
    let mut schema = json!({"type": column.kind.pg_name()});
    if let ColumnType::Numeric { scale, digits } = column.kind {
        schema["precision"] = digits.into();
        schema["scale"] = scale.into();
    }
    if column.required {
        schema["not_null"] = true.into();
    }
    if column.name == "id" {
        schema["pk_index"] = 0.into();
    }
    schema
}

/// A digest of everything that decides what the shape is: another user's handle, another role's, or one from before
/// a migration or a restore is another shape's.
fn handle(table: Table, filter: &RowFilter, hidden: &[&str], epoch: &str) -> String {
    let mut text = format!("1|{epoch}|{}", table.sql_name());
    for column in table.columns() {
        let _ = write!(text, "|{}:{}", column.name, column.kind.pg_name());
    }
    for column in hidden {
        let _ = write!(text, "|-{column}");
    }
    for conditions in filter.alternatives() {
        text.push_str("|or");
        for (column, value) in conditions {
            let kind = table.column(column).map_or(ColumnType::Text, |column| column.kind);
            let _ = write!(text, "|{column}={}", value.to_pg_text(kind).unwrap_or_default());
        }
    }
    let digest = Sha256::digest(text.as_bytes());
    let number = |from: usize| digest[from..from + 8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{}-{}", number(0), number(8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Role, UserId, Viewer};
    use uuid::Uuid;

    #[test]
    fn a_handle_is_one_users_one_tables_and_one_databases() {
        let of = |role: Role, user: u128, table, epoch| {
            let viewer = Viewer {
                user: UserId(Uuid::from_u128(user)),
                role,
                vendor: None,
            };
            handle(table, &viewer.sees(table), viewer.hidden(table), epoch)
        };
        let mine = of(Role::PropertyManager, 1, Table::Turns, "e");
        assert_eq!(mine, of(Role::PropertyManager, 1, Table::Turns, "e"));
        assert_ne!(mine, of(Role::PropertyManager, 2, Table::Turns, "e"));
        assert_ne!(mine, of(Role::SrPropertyManager, 1, Table::Turns, "e"));
        assert_ne!(mine, of(Role::PropertyManager, 1, Table::ScopeItems, "e"));
        assert_ne!(mine, of(Role::PropertyManager, 1, Table::Turns, "f"));
        let (left, right) = mine.split_once('-').unwrap();
        assert!(left.parse::<u64>().is_ok() && right.parse::<u64>().is_ok());
    }
}
