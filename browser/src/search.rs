//! Looking through the local tables: the rows as they are shown, by any text in them.
//!
//! **Invariant:** what is found is what the screen shows, whether the server has it already or not.

use domain::{Row, Table};
use serde_json::Value as Json;
use std::ops::Range;
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
pub fn search_table(view: &LocalView, table: Table, text: &str, part: Range<usize>, in_words: impl Fn(&LocalView, &Row) -> String) -> Found {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut found = Found::default();
    // What is in the row itself is looked through first: names are looked up only where they are needed.
    let is_found = |row: &Row| {
        let mut texts = texts_in(row);
        holds(&texts, &words) || {
            texts.push(in_words(view, row).to_lowercase());
            holds(&texts, &words)
        }
    };
    for row in view.rows(table).filter(|row| words.is_empty() || is_found(row)) {
        if part.contains(&found.total) {
            found.rows.push(row.clone());
        }
        found.total += 1;
    }
    found
}

fn holds(texts: &[String], words: &[String]) -> bool {
    words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
}

fn texts_in(row: &Row) -> Vec<String> {
    row.to_json().values().filter_map(as_text).collect()
}

fn as_text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.to_lowercase()),
        other => Some(other.to_string().to_lowercase()),
    }
}
