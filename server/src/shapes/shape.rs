//! One shape: the rows of one table that one session sees, or what it wants of them.
//!
//! **Invariant:** filter and columns come from the session; a request's wish only takes away from them. A client that was
//! sent away from a handle is never given that handle again.

use super::{
    clause::{self, Clause},
    refusal::Invalid,
    request::Wish,
};
use domain::{Column, ColumnType, Row, RowFilter, Table, Viewer};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use std::{fmt::Write, sync::Arc};

/// A shape and its name.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Which table.
    pub table: Table,
    /// Which rows the session sees.
    pub filter: RowFilter,
    /// Which of them are wanted; none for all.
    pub clause: Option<Clause>,
    /// The places of the columns that are told, in the table's order.
    columns: Vec<usize>,
    /// Whether updates and deletes tell whole rows.
    pub is_full: bool,
    /// Whether it has no snapshot.
    pub changes_only: bool,
    /// The name under which a client goes on: `<digits>-<digits>`, a digest of what the shape is and a count. To a client
    /// that was sent away from one count the next is given: it takes what comes under the old one for a stale copy.
    pub handle: Arc<str>,
}

/// The count that a client begins with.
const FIRST: u64 = 1;

impl Shape {
    /// What somebody sees of a table, in the database with this epoch.
    pub fn of(viewer: &Viewer, table: Table, epoch: &str) -> Self {
        Self::new(table, viewer.sees(table), viewer.hidden(table), epoch)
    }

    /// All of a table.
    pub fn whole(table: Table, epoch: &str) -> Self {
        Self::new(table, RowFilter::everything(), &[], epoch)
    }

    fn new(table: Table, filter: RowFilter, hidden: &[&str], epoch: &str) -> Self {
        let columns = table.columns().iter().enumerate();
        let visible = columns.filter(|(_, column)| !hidden.contains(&column.name));
        let shape = Self {
            table,
            filter,
            clause: None,
            columns: visible.map(|(index, _)| index).collect(),
            is_full: false,
            changes_only: false,
            handle: Arc::from(""),
        };
        shape.with_handle(epoch)
    }

    /// What is wanted of it.
    pub fn wanted(mut self, wish: &Wish, epoch: &str) -> Result<Self, Invalid> {
        if *wish == Wish::default() {
            return Ok(self);
        }
        if let Some(text) = &wish.clause {
            let read = clause::read(text, &wish.parameters, self.table, |name| self.tells(name));
            self.clause = Some(read.map_err(|wrong| Invalid::of("where", wrong.to_string()))?);
        }
        if let Some(names) = &wish.columns {
            self.columns = named(names, &self)?;
        }
        (self.is_full, self.changes_only) = (wish.is_full, wish.changes_only);
        Ok(self.with_handle(epoch))
    }

    fn with_handle(mut self, epoch: &str) -> Self {
        self.handle = format!("{}-{FIRST}", self.digest(epoch)).into();
        self
    }

    /// The shape under the handle by which a client knows it; none where that is another shape's.
    pub fn known_as(self: Arc<Self>, handle: &str) -> Option<Arc<Self>> {
        if *self.handle == *handle {
            return Some(self);
        }
        self.count_of(handle)?;
        Some(Arc::new(Self {
            handle: handle.into(),
            ..Self::clone(&self)
        }))
    }

    /// The shape for a client that was sent away from `gone`: under another handle than that one.
    pub fn after(self: Arc<Self>, gone: Option<&str>) -> Arc<Self> {
        let Some(count) = gone.and_then(|gone| self.count_of(gone)) else {
            return self;
        };
        let digest = self.handle.split('-').next().unwrap_or_default();
        Arc::new(Self {
            handle: format!("{digest}-{}", count.wrapping_add(1)).into(),
            ..Self::clone(&self)
        })
    }

    fn count_of(&self, handle: &str) -> Option<u64> {
        let digest = self.handle.split('-').next()?;
        handle.strip_prefix(digest)?.strip_prefix('-')?.parse().ok()
    }

    /// Whether a row is in the shape.
    pub fn holds(&self, row: &Row) -> bool {
        self.filter.admits(row) && self.clause.as_ref().is_none_or(|clause| clause.admits(row))
    }

    /// The columns that are told.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &'static Column)> {
        self.columns.iter().map(|index| (*index, &self.table.columns()[*index]))
    }

    /// Whether a column is among them.
    pub fn tells(&self, name: &str) -> bool {
        self.columns().any(|(_, column)| column.name == name)
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

/// The columns of a list of names, as SQL writes them.
fn named(names: &str, shape: &Shape) -> Result<Vec<usize>, Invalid> {
    let names: Vec<String> = names.split(',').map(unquoted).collect();
    let unknown: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !shape.columns().any(|(_, column)| column.name == *name))
        .collect();
    let wrong = |what: String| Err(Invalid::of("columns", what));
    if !unknown.is_empty() {
        return wrong(format!("The following columns are not found on the table: {}", unknown.join(", ")));
    }
    if !names.iter().any(|name| name == "id") {
        return wrong("The list of columns must include all primary key columns, missing: id".to_owned());
    }
    Ok(shape
        .columns()
        .filter(|(_, column)| names.iter().any(|name| name == column.name))
        .map(|(index, _)| index)
        .collect())
}

fn unquoted(name: &str) -> String {
    let name = name.trim();
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_lowercase(),
    }
}

impl Shape {
    /// A digest of everything that decides what the shape is: another user's handle, another role's, or one from before
    /// a migration or a restore is another shape's.
    fn digest(&self, epoch: &str) -> u64 {
        let mut text = format!("3|{epoch}|{}", self.table.sql_name());
        for column in self.table.columns() {
            let _ = write!(text, "|{}:{}", column.name, column.kind.pg_name());
        }
        let _ = write!(text, "|{:?}|{}|{}", self.columns, self.is_full, self.changes_only);
        for conditions in self.filter.alternatives() {
            text.push_str("|or");
            for (column, value) in conditions {
                let kind = self.table.column(column).map_or(ColumnType::Text, |column| column.kind);
                let _ = write!(text, "|{column}={}", value.to_pg_text(kind).unwrap_or_default());
            }
        }
        let _ = write!(text, "|{:?}", self.clause);
        let digest = Sha256::digest(text.as_bytes());
        digest[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
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
            Shape::of(&viewer, table, epoch).handle
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

    #[test]
    fn nobody_is_given_a_handle_again_that_they_were_sent_away_from() {
        let shape = || Arc::new(Shape::whole(Table::Turns, "e"));
        let first = shape().handle.clone();
        let second = shape().after(Some(&first)).handle.clone();
        assert_ne!(second, first);
        assert_eq!(shape().known_as(&second).unwrap().handle, second);
        assert_ne!(shape().after(Some(&second)).handle, second);
        let another = Shape::whole(Table::Properties, "e").handle;
        assert_eq!(shape().after(Some(&another)).handle, first);
        for handle in [&*another, "1-1", "", &first.replace('-', ""), &format!("{first}x"), &format!("{first}-1")] {
            assert!(shape().known_as(handle).is_none(), "{handle}");
        }
    }
}
