//! Columns as people read and type them.
//!
//! **Invariant:** what is typed either becomes a value of the column's type or is refused by the same rule that
//! the server asks; nothing is guessed.

use crate::format;
use domain::{Cents, ColumnType, Refusal, Table, Value, schema::Column};
use serde_json::Value as Json;

/// A column's name on the screen: “due date”.
pub fn label(column: &str) -> String {
    match column {
        "property_id" => "property".to_owned(),
        "stage_id" => "stage".to_owned(),
        "turn_id" => "turn".to_owned(),
        "vendor_id" => "vendor".to_owned(),
        "is_done" => "done".to_owned(),
        "move_out_date" => "move-out date".to_owned(),
        other => other.trim_start_matches("is_").trim_end_matches("_id").replace('_', " "),
    }
}

/// With a capital, for the beginning of a sentence.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What is typed, as the JSON of a write. Text that is no value of the column stays as it is: the rule refuses it.
pub fn typed(column: &Column, text: &str) -> Json {
    let text = text.trim();
    let plain = match column.kind {
        // People type “$1,250”; the column wants 1250.
        ColumnType::Numeric { .. } => text.chars().filter(|c| !matches!(c, '$' | ',' | ' ')).collect(),
        _ => text.to_owned(),
    };
    match column.kind {
        _ if plain.is_empty() => Json::Null,
        ColumnType::Int4 | ColumnType::Int8 => plain.parse::<i64>().map_or(Json::String(plain), Json::from),
        ColumnType::Bool => plain.parse::<bool>().map_or(Json::String(plain), Json::from),
        ColumnType::TextArray => plain.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Json::from).collect(),
        _ => Json::String(plain),
    }
}

/// A value as it stands in a field: what [`typed`] would read again.
pub fn editable(column: &Column, value: &Value) -> String {
    if let Value::Texts(texts) = value {
        return texts.join(", ");
    }
    value.to_pg_text(column.kind).unwrap_or_default()
}

/// The JSON of a write as it stands in a field.
pub fn typed_form(column: &Column, json: &Json) -> String {
    Value::from_json(column.kind, json).map_or_else(|_| json.as_str().unwrap_or_default().to_owned(), |value| editable(column, &value))
}

/// A value in a sentence. `name` knows what the row behind an id is called.
pub fn shown(column: &Column, value: &Value, name: impl FnOnce(uuid::Uuid) -> Option<String>) -> String {
    match (value, column.kind) {
        (Value::Null, _) => "nothing".to_owned(),
        (Value::Bool(true), _) => "yes".to_owned(),
        (Value::Bool(false), _) => "no".to_owned(),
        (Value::Date(day), _) => format::day(*day),
        (Value::Numeric(cents), ColumnType::Numeric { digits: 12, .. }) => Cents(*cents).to_string(),
        (Value::Uuid(id), _) => name(*id).unwrap_or_else(|| id.to_string()),
        (Value::Text(text), _) if text.is_empty() => "nothing".to_owned(),
        (Value::Texts(texts), _) if texts.is_empty() => "nothing".to_owned(),
        (Value::Texts(texts), _) => texts.join(", "),
        (value, kind) => value.to_pg_text(kind).unwrap_or_default(),
    }
}

/// Reads the JSON of a write, or of an answer, and gives it as it stands in a sentence.
pub fn shown_json(table: Table, column: &str, json: &Json, name: impl FnOnce(uuid::Uuid) -> Option<String>) -> String {
    let Some(column) = table.column(column) else { return json.to_string() };
    Value::from_json(column.kind, json).map_or_else(|_| json.to_string(), |value| shown(column, &value, name))
}

/// A refusal as one sentence.
pub fn refusal_text(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Stage { .. } => format!("{refusal}."),
        Refusal::Fields(fields) => {
            let problems: Vec<String> = fields
                .iter()
                .map(|(column, problem)| format!("{} {problem}", capital(&label(column))))
                .collect();
            format!("{}.", problems.join("; "))
        }
    }
}

/// What a refusal says about one column.
pub fn refusal_of(refusal: &Refusal, column: &str) -> Option<String> {
    match refusal {
        Refusal::Fields(fields) => fields.get(column).map(|problem| format!("{} {problem}.", capital(&label(column)))),
        Refusal::Stage { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn column(name: &str) -> &'static Column {
        [Table::Turns, Table::ScopeItems, Table::Properties, Table::Vendors]
            .into_iter()
            .find_map(|table| table.column(name))
            .expect("a column")
    }

    #[test]
    fn typed_text_becomes_what_the_column_wants() {
        for (name, text, expected) in [
            ("estimated_amount", "$1,250.50 ", json!("1250.50")),
            ("estimated_amount", "about 9", json!("about9")),
            ("estimated_amount", "  ", Json::Null),
            ("due_date", "2026-11-23", json!("2026-11-23")),
            ("notes", " Keys under mat ", json!("Keys under mat")),
            ("position", "3", json!(3)),
            ("is_done", "false", json!(false)),
            ("trades", "paint, drywall ,", json!(["paint", "drywall"])),
        ] {
            assert_eq!(typed(column(name), text), expected, "{name} {text:?}");
        }
    }

    #[test]
    fn values_read_as_people_write_them() {
        let shown = |name: &str, json: Json| shown_json(Table::Turns, name, &json, |_| Some("In Progress".to_owned()));
        assert_eq!(shown("estimated_amount", json!("1250.00")), "$1,250.00");
        assert_eq!(shown("due_date", json!("2026-11-23")), "23 Nov 2026");
        assert_eq!(shown("stage_id", json!("00000000-0000-0000-0000-000000000001")), "In Progress");
        assert_eq!(shown("notes", Json::Null), "nothing");
    }

    #[test]
    fn a_refusal_names_its_field() {
        let refusal = domain::mutation::field("estimated_amount", "must be a number such as 1250.00".to_owned());
        assert_eq!(
            refusal_of(&refusal, "estimated_amount").as_deref(),
            Some("Estimated amount must be a number such as 1250.00.")
        );
        assert_eq!(refusal_of(&refusal, "notes"), None);
    }
}
