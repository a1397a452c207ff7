//! Looking through the local tables: the rows as they are shown, by any text in them.
//!
//! **Invariant:** what is found is what the screen shows, whether the server has it already or not.

use domain::{Row, Table};
use serde_json::Value as Json;
use sync::LocalView;

/// A part of what was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// How many rows there are, with those that are not in this part.
    pub total: usize,
    /// This part.
    pub rows: Vec<Row>,
}

/// See [`crate::Device::search_table`].
pub fn search_table(view: &LocalView, table: Table, text: &str, offset: usize, limit: usize) -> Found {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut found = Found::default();
    for row in view.rows(table).filter(|row| holds(row, &words)) {
        if found.total >= offset && found.rows.len() < limit {
            found.rows.push(row.clone());
        }
        found.total += 1;
    }
    found
}

fn holds(row: &Row, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let texts: Vec<String> = row.to_json().values().filter_map(in_words).collect();
    words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
}

fn in_words(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.to_lowercase()),
        other => Some(other.to_string().to_lowercase()),
    }
}
