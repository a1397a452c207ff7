//! What a file says about itself, beside its rows.
//!
//! **Invariant:** the three formats say the same; each says it in its own way.

use super::layout::Field;
use domain::{ColumnType, Date, Table, Timestamp, Value};

/// One export, without its rows.
pub struct Sheet {
    /// The exported table.
    pub table: Table,
    /// Its columns.
    pub fields: Vec<Field>,
    /// `Turns`
    pub title: &'static str,
    /// What it was narrowed to, as people say it: `Market: Tulsa`.
    pub filters: Vec<String>,
    /// Who asked for it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// What the document's chart counts.
    pub chart: Chart,
}

/// Rows counted by the values of one column.
#[derive(Clone, Debug)]
pub struct Chart {
    /// `Turns by stage`
    pub title: &'static str,
    /// The column.
    pub header: &'static str,
    /// Values in an order of their own, with a colour each; others come after them, the most frequent first.
    pub known: Vec<(String, Option<[u8; 3]>)>,
}

impl Sheet {
    /// Each field with the form of its values.
    pub fn columns(&self) -> impl Iterator<Item = (&Field, ColumnType)> {
        self.fields.iter().map(|field| (field, field.kind(self.table)))
    }

    /// The day on which it was made (UTC).
    pub fn day(&self) -> Date {
        self.made_at.date_utc()
    }
}

/// Whether a column's values are money; other numbers are counts and sizes.
pub const fn is_money(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Numeric { digits: 12, .. })
}

/// `2026-11-23 04:48:01`: an instant without the zone, which the header tells.
pub fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    text.split(['.', '+']).next().unwrap_or_default().to_owned()
}

/// A value as text, plain: numbers without separators, dates in ISO form, lists with commas. NULL is empty.
pub fn plain(value: &Value, kind: ColumnType) -> String {
    match value {
        Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
        Value::Timestamp(at) => instant(*at),
        Value::Texts(texts) => texts.join(", "),
        value => value.to_pg_text(kind).unwrap_or_default(),
    }
}
