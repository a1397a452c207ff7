//! The recorded tables and columns among ours.
//!
//! Most are called as they are here. The others stand for columns of ours that can hold the same values.

use domain::Table;
use sqlparser::{
    dialect::PostgreSqlDialect,
    tokenizer::{Token, Tokenizer},
};

/// Recorded names, and ours.
type Columns = &'static [(&'static str, &'static str)];

/// Recorded tables, with their columns in order, and ours.
const TABLES: [(&str, Table, Columns); 3] = [
    (
        "properties",
        Table::Properties,
        &[
            ("id", "id"),
            ("name", "name"),
            ("address", "market"),
            ("monthly_rent", "monthly_rent"),
            ("is_core", "is_core"),
            ("version", "version"),
            ("manager_id", "created_by"),
            ("created_at", "created_at"),
            ("tags", "zip_code"),
            ("meta", "notes"),
        ],
    ),
    (
        "turns",
        Table::Turns,
        &[
            ("id", "id"),
            ("property_id", "property_id"),
            ("stage", "notes"),
            ("is_active", "trash_out_needed"),
            ("version", "version"),
            ("move_out_date", "move_out_date"),
        ],
    ),
    ("pairs", Table::ScopeItems, &[]),
];

/// Ours, of a recorded table.
pub fn table(recorded: &str) -> Option<Table> {
    TABLES.iter().find(|(name, ..)| *name == recorded).map(|(_, table, _)| *table)
}

/// The recorded name of one of ours.
pub fn recorded_table(ours: &str) -> Option<&'static str> {
    TABLES.iter().find(|(_, table, _)| table.sql_name() == ours).map(|(name, ..)| *name)
}

/// A recorded table's columns, in its order.
pub fn columns(table: Table) -> impl Iterator<Item = &'static str> {
    pairs(table).iter().map(|(recorded, _)| *recorded)
}

/// Ours, of a recorded column.
pub fn column(table: Table, recorded: &str) -> Option<&'static str> {
    pairs(table).iter().find(|(name, _)| *name == recorded).map(|(_, ours)| *ours)
}

/// The recorded name of one of ours.
pub fn recorded_column(table: Table, ours: &str) -> Option<&'static str> {
    pairs(table).iter().find(|(_, name)| *name == ours).map(|(recorded, _)| *recorded)
}

/// Whether ours is always there where the recorded one may be NULL.
pub fn is_never_null(table: Table, recorded: &str) -> bool {
    column(table, recorded)
        .and_then(|name| table.column(name))
        .is_some_and(|column| column.required)
}

/// SQL over recorded columns, over ours.
pub fn sql(table: Table, text: &str) -> String {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().unwrap();
    let ours = |token: &Token| match token {
        Token::Word(word) if word.quote_style.is_none() => column(table, &word.value).map_or_else(|| word.value.clone(), str::to_owned),
        token => token.to_string(),
    };
    tokens.iter().map(ours).collect()
}

fn pairs(table: Table) -> Columns {
    TABLES.iter().find(|(_, ours, _)| *ours == table).map_or(&[], |(.., pairs)| *pairs)
}
