//! The page as a screen reader finds it, as text, for a story that fails.
//!
//! **Invariant:** it reads like the page: indented by nesting, roles and names only.

use std::collections::HashMap;
use std::fmt::Write;

use anyhow::Result;
use serde_json::{Value, json};

use super::Page;

/// More would bury the reason.
const MOST_LINES: usize = 250;

/// Roles that say nothing a reader of a failure needs.
const SILENT: [&str; 7] = ["none", "generic", "InlineTextBox", "StaticText", "LineBreak", "ListMarker", "RootWebArea"];

impl Page {
    /// One line per element: its role, name and value.
    pub async fn snapshot(&self) -> Result<String> {
        let answer = self.call("Accessibility.getFullAXTree", json!({})).await?;
        let Some(nodes) = answer["nodes"].as_array() else { return Ok(String::new()) };
        let by_id: HashMap<&str, &Value> = nodes.iter().filter_map(|node| Some((node["nodeId"].as_str()?, node))).collect();
        let mut text = String::new();
        if let Some(root) = nodes.first() {
            write_node(root, &by_id, 1, &mut text);
        }
        let cut = text.lines().count().saturating_sub(MOST_LINES);
        let mut text: String = text.lines().take(MOST_LINES).flat_map(|line| [line, "\n"]).collect();
        if cut > 0 {
            writeln!(text, "  … and {cut} more")?;
        }
        Ok(text)
    }
}

fn write_node(node: &Value, by_id: &HashMap<&str, &Value>, depth: usize, text: &mut String) {
    let role = node["role"]["value"].as_str().unwrap_or_default();
    let name = node["name"]["value"].as_str().unwrap_or_default();
    let says_something = node["ignored"] != true && (!SILENT.contains(&role) || (role == "StaticText" && !name.is_empty()));
    if says_something {
        let role = if role == "StaticText" { "text" } else { role };
        let value = node["value"]["value"].as_str().map(|value| format!(" = {value:?}")).unwrap_or_default();
        // Writing into a string cannot fail.
        writeln!(text, "{:indent$}{role} {name:?}{value}", "", indent = depth * 2).ok();
    }
    let children = node["childIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for child in children.filter_map(|id| by_id.get(id)) {
        write_node(child, by_id, depth + usize::from(says_something), text);
    }
}
