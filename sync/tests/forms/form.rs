//! The form of what is serialised: where which kinds of values stand, worked out from full samples.

use serde::Serialize;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Objects whose keys are data (columns by name), and not fields.
const MAPS: [&str; 8] = ["changes", "seen", "fields", "localData", "serverData", "data", "value", "old_value"];

/// Path → kinds of values seen there.
#[derive(Default)]
pub struct Form {
    lines: BTreeMap<String, BTreeSet<&'static str>>,
    spellings: Vec<String>,
}

impl Form {
    /// Adds what one value looks like.
    pub fn sample(&mut self, name: &str, value: &impl Serialize) {
        self.walk(name.to_owned(), &serde_json::to_value(value).unwrap());
    }

    /// Adds how an enum's values are spelled.
    pub fn spellings(&mut self, name: &str, values: &[impl Serialize]) {
        let spelled: Vec<String> = values.iter().map(|value| serde_json::to_string(value).unwrap()).collect();
        self.spellings.push(format!("{name}: {}", spelled.join(" ")));
    }

    fn note(&mut self, path: String, kind: &'static str) {
        self.lines.entry(path).or_default().insert(kind);
    }

    fn walk(&mut self, path: String, value: &Json) {
        let kind = match value {
            Json::Null => "null",
            Json::Bool(_) => "bool",
            Json::Number(_) => "number",
            Json::String(_) => "text",
            Json::Array(_) => "list",
            Json::Object(_) => "object",
        };
        self.note(path.clone(), kind);
        match value {
            Json::Array(items) => items.iter().for_each(|item| self.walk(format!("{path}[]"), item)),
            Json::Object(fields) => {
                let is_map = MAPS.iter().any(|map| path.ends_with(&format!(".{map}")));
                for (name, value) in fields {
                    match (is_map, value) {
                        // A column's value may be anything.
                        (true, Json::Object(_)) => self.walk(format!("{path}.*"), value),
                        (true, _) => self.note(format!("{path}.*"), "anything"),
                        (false, _) if ["from", "to"].contains(&name.as_str()) => self.note(format!("{path}.{name}"), "anything"),
                        (false, _) => self.walk(format!("{path}.{name}"), value),
                    }
                }
            }
            _ => {}
        }
    }
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (path, kinds) in &self.lines {
            let kinds: Vec<&str> = kinds.iter().copied().collect();
            writeln!(f, "{path}: {}", kinds.join(" or "))?;
        }
        self.spellings.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
