//! The synced tables, each described once.
//!
//! The server's snapshots and writes, the shape log, the device's store and the merge rules all read
//! these descriptions; a table or a column is added here (and in a migration) and nowhere else.

pub mod decisions;
mod natural_key;
mod tables;

use crate::{RowId, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A table that travels to devices. Its URL name is [`Table::url_name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Rental homes.
    Properties,
    /// Make-ready projects, one per vacancy.
    Turns,
    /// Lines of a turn's scope of work.
    ScopeItems,
    /// Where a turn can stand, in order; reference data.
    TurnStages,
    /// What kinds of home there are; reference data.
    PropertyTypes,
    /// The companies that do the work.
    Vendors,
    /// Requests to approve a turn's amount and scope, with their decisions.
    Approvals,
    /// Photos and papers of a property, a turn, a scope item or a vendor; the file itself is elsewhere.
    Documents,
    /// What somebody should know.
    Notifications,
}

/// How a column's value is stored and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `text`
    Text,
    /// `bool`
    Bool,
    /// `int4`
    Int4,
    /// `int8`
    Int8,
    /// `numeric(digits, scale)`
    Numeric {
        /// Decimals.
        scale: u8,
        /// All digits, the decimals included.
        digits: u8,
    },
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `timestamptz`
    Timestamp,
    /// `text[]`
    TextArray,
}

/// Who gives a column its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// The author of a create or an update.
    Author,
    /// The author of a create; fixed from then on.
    Creator,
    /// A `stage-change` only.
    StageChange,
    /// The server; an `approve` or a `reject` says which value it is about.
    Decision,
    /// The server only.
    Server,
}

/// What happens when two people changed the same column since they last agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergePolicy {
    /// Columns that only one side changed merge by themselves; a column that both changed is asked about.
    FieldMerge,
    /// The later write wins without a question.
    LastWriteWins,
    /// Money, vendor, stage, approval, codes: nothing is decided without a person, neither about a column that both changed
    /// nor about two columns of one decision ([`Table::decisions`]) of which each side changed one.
    AskUser,
}

/// One column of one table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// As in PostgreSQL, snake_case.
    pub name: &'static str,
    /// Storage and text form.
    pub kind: ColumnType,
    /// NULL and empty text are refused.
    pub required: bool,
    /// Who gives the value.
    pub set_by: SetBy,
    /// How a conflict is settled.
    pub policy: MergePolicy,
    /// The only texts allowed; empty allows any.
    pub choices: &'static [&'static str],
    /// The longest text, in characters.
    pub max_chars: usize,
    /// What a new row has where its author says nothing.
    pub default: Default,
}

/// A new row's value where the author says nothing.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// NULL
    Null,
    /// A fixed boolean.
    Bool(bool),
    /// A fixed text.
    Text(&'static str),
    /// A fixed whole number, or a numeric in its smallest unit.
    Int(i64),
}

impl Table {
    /// Every table, parents before their children.
    pub const ALL: [Self; 9] = [
        Self::TurnStages,
        Self::PropertyTypes,
        Self::Vendors,
        Self::Properties,
        Self::Turns,
        Self::ScopeItems,
        Self::Approvals,
        Self::Documents,
        Self::Notifications,
    ];

    /// The name in SQL: `scope_items`.
    pub const fn sql_name(self) -> &'static str {
        match self {
            Self::Properties => "properties",
            Self::Turns => "turns",
            Self::ScopeItems => "scope_items",
            Self::TurnStages => "turn_stages",
            Self::PropertyTypes => "property_types",
            Self::Vendors => "vendors",
            Self::Approvals => "approvals",
            Self::Documents => "documents",
            Self::Notifications => "notifications",
        }
    }

    /// The name in URLs and on the wire: `scope-items`.
    pub const fn url_name(self) -> &'static str {
        match self {
            Self::Properties => "properties",
            Self::Turns => "turns",
            Self::ScopeItems => "scope-items",
            Self::TurnStages => "turn-stages",
            Self::PropertyTypes => "property-types",
            Self::Vendors => "vendors",
            Self::Approvals => "approvals",
            Self::Documents => "documents",
            Self::Notifications => "notifications",
        }
    }

    /// What one row is called in answers: `scopeItem`.
    pub const fn row_name(self) -> &'static str {
        match self {
            Self::Properties => "property",
            Self::Turns => "turn",
            Self::ScopeItems => "scopeItem",
            Self::TurnStages => "turnStage",
            Self::PropertyTypes => "propertyType",
            Self::Vendors => "vendor",
            Self::Approvals => "approval",
            Self::Documents => "document",
            Self::Notifications => "notification",
        }
    }

    /// Finds a table by its URL or SQL name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.url_name() == name || table.sql_name() == name)
    }

    /// Whether it is what others are described by, the same for everybody: it changes a few times a year.
    pub const fn is_reference(self) -> bool {
        match self {
            Self::TurnStages | Self::PropertyTypes => true,
            Self::Properties | Self::Turns | Self::ScopeItems | Self::Vendors | Self::Approvals | Self::Documents | Self::Notifications => false,
        }
    }

    /// The columns in order; the first six are the same everywhere
    /// (`id, version, created_at, updated_at, created_by, updated_by`).
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Properties => tables::PROPERTIES,
            Self::Turns => tables::TURNS,
            Self::ScopeItems => tables::SCOPE_ITEMS,
            Self::TurnStages => tables::TURN_STAGES,
            Self::PropertyTypes => tables::PROPERTY_TYPES,
            Self::Vendors => tables::VENDORS,
            Self::Approvals => tables::APPROVALS,
            Self::Documents => tables::DOCUMENTS,
            Self::Notifications => tables::NOTIFICATIONS,
        }
    }

    /// Where a column stands in [`Self::columns`].
    pub fn column_index(self, name: &str) -> Option<usize> {
        self.columns().iter().position(|column| column.name == name)
    }

    /// A column by its name.
    pub fn column(self, name: &str) -> Option<&'static Column> {
        self.columns().iter().find(|column| column.name == name)
    }

    /// The row that a row of this table belongs to: a turn to its property, a scope item to its turn, a document to what
    /// its `entity_type` says. `get` gives the row's values, by column.
    pub fn parent<'a>(self, get: impl Fn(&'static str) -> Option<&'a Value>) -> Option<(Table, RowId)> {
        let (table, column) = match self {
            Self::Turns => (Self::Properties, "property_id"),
            Self::ScopeItems | Self::Approvals => (Self::Turns, "turn_id"),
            Self::Documents => (document_entity(get("entity_type")?)?, "entity_id"),
            Self::Properties | Self::TurnStages | Self::PropertyTypes | Self::Vendors | Self::Notifications => return None,
        };
        match get(column)? {
            Value::Uuid(id) => Some((table, RowId(*id))),
            _ => None,
        }
    }

    /// Columns that name a row of another table beside the parent's.
    pub const fn references(self) -> &'static [(&'static str, Self)] {
        match self {
            Self::Properties => &[("property_type_id", Self::PropertyTypes)],
            Self::Turns => &[
                ("stage_id", Self::TurnStages),
                ("vendor_id", Self::Vendors),
                ("flooring_vendor_id", Self::Vendors),
            ],
            Self::TurnStages | Self::PropertyTypes | Self::Vendors | Self::ScopeItems | Self::Approvals | Self::Documents | Self::Notifications => &[],
        }
    }

    /// The column that names the row's parent; none in tables whose rows stand alone.
    pub const fn parent_column(self) -> Option<&'static str> {
        match self {
            Self::Turns => Some("property_id"),
            Self::ScopeItems | Self::Approvals => Some("turn_id"),
            Self::Documents => Some("entity_id"),
            Self::Properties | Self::TurnStages | Self::PropertyTypes | Self::Vendors | Self::Notifications => None,
        }
    }
}

fn document_entity(entity_type: &Value) -> Option<Table> {
    let Value::Text(name) = entity_type else { return None };
    match &**name {
        "property" => Some(Table::Properties),
        "turn" => Some(Table::Turns),
        "scope_item" => Some(Table::ScopeItems),
        "vendor" => Some(Table::Vendors),
        _ => None,
    }
}

impl Serialize for Table {
    /// By URL name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.url_name())
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| serde::de::Error::custom(format!("no table is called {name}")))
    }
}

impl Column {
    /// Whether the author of a new row gives it.
    pub const fn is_given_at_creation(&self) -> bool {
        matches!(self.set_by, SetBy::Author | SetBy::Creator)
    }

    /// Whether people may change it in a row that is there, so that two of them can meet.
    pub const fn is_changed_by_people(&self) -> bool {
        matches!(self.set_by, SetBy::Author | SetBy::StageChange | SetBy::Decision)
    }
}

impl ColumnType {
    /// Decimals of a `numeric`; 0 for everything else.
    pub const fn scale(self) -> u8 {
        match self {
            Self::Numeric { scale, .. } => scale,
            _ => 0,
        }
    }

    /// PostgreSQL's name of the type, as Electric's `electric-schema` header has it.
    pub const fn pg_name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bool => "bool",
            Self::Int4 => "int4",
            Self::Int8 => "int8",
            Self::Numeric { .. } => "numeric",
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::Timestamp => "timestamptz",
            Self::TextArray => "text[]",
        }
    }

    /// What a right value looks like, for the person who gave a wrong one.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Text => "must be text",
            Self::Bool => "must be true or false",
            Self::Int4 => "must be a whole number",
            Self::Int8 => "must be a whole number",
            Self::Numeric { .. } => "must be a number such as 1250.00",
            Self::Uuid => "must be an id",
            Self::Date => "must be a date such as 2026-11-23",
            Self::Timestamp => "must be a time such as 2026-11-23 04:48:01+00",
            Self::TextArray => "must be a list of texts",
        }
    }
}

impl Default {
    /// The default as a value of a column.
    pub fn value(self, kind: ColumnType) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Text(text) => Value::text(text),
            Self::Int(n) if matches!(kind, ColumnType::Numeric { .. }) => Value::Numeric(n),
            Self::Int(n) => Value::Int(n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_table_begins_with_the_same_six_columns() {
        for table in Table::ALL {
            let names: Vec<_> = table.columns().iter().take(6).map(|column| column.name).collect();
            assert_eq!(names, ["id", "version", "created_at", "updated_at", "created_by", "updated_by"], "{table:?}");
        }
    }

    #[test]
    fn names_are_unique_and_parents_exist() {
        for table in Table::ALL {
            let names: HashSet<_> = table.columns().iter().map(|column| column.name).collect();
            assert_eq!(names.len(), table.columns().len(), "{table:?}");
            if let Some(column) = table.parent_column() {
                assert!(names.contains(column), "{table:?}.{column}");
            }
            assert_eq!(Table::from_name(table.sql_name()), Some(table));
            assert_eq!(Table::from_name(table.url_name()), Some(table));
        }
    }
}
