//! Rows as JSON Schema, from the tables' own description.
//!
//! **Invariant:** a column's schema follows from its [`Column`]; only what a table is for is said here in words.

use domain::{
    Column, ColumnType, Operation, Role, Table, UserId, Viewer,
    schema::{Default, SetBy},
};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// The most texts in a list.
const MAX_TEXTS: usize = 50;

/// The name of a row's schema: `ScopeItem`.
pub fn name(table: Table) -> String {
    let name = table.row_name();
    name[..1].to_ascii_uppercase() + &name[1..]
}

/// What stands in a table.
pub const fn about(table: Table) -> &'static str {
    match table {
        Table::Properties => "Rental homes. Managers see their own, or their team’s.",
        Table::Turns => "Make-ready projects under way, one per vacancy.",
        Table::ScopeItems => "Lines of a turn’s scope of work.",
        Table::TurnStages => "Where a turn can stand, in order; reference data.",
        Table::PropertyTypes => "What kinds of home there are; reference data.",
        Table::Vendors => "The companies that do the work; the approved ones, unless one keeps the list.",
        Table::Approvals => "Requests to approve a turn’s amount and scope, with their decisions.",
        Table::Documents => "Photos and papers of a property, a turn, a scope item or a vendor.",
        Table::Notifications => "What the signed-in person should know.",
    }
}

/// A row as answers show it.
pub fn row(table: Table) -> Json {
    let columns = table.columns();
    let hidden = hidden_from_somebody(table);
    let required: Vec<&str> = columns.iter().map(|column| column.name).filter(|name| !hidden.contains(name)).collect();
    json!({
        "type": "object",
        "description": format!("{} A column that the caller’s role does not see is left out.", about(table)),
        "properties": columns.iter().map(|column| (column.name.to_owned(), answered(column))).collect::<Map<_, _>>(),
        "required": required,
    })
}

/// The columns that a write of this kind may give.
pub fn data(table: Table, operation: Operation) -> Json {
    let given: Vec<&Column> = table.columns().iter().filter(|column| is_given(column, operation)).collect();
    let mut properties: Map<String, Json> = given.iter().map(|column| (column.name.to_owned(), asked(column))).collect();
    properties.insert(
        "id".to_owned(),
        json!({"type": "string", "format": "uuid", "description": "Names the row, where nothing beside `data` does."}),
    );
    let required: Vec<&str> = given.iter().filter(|column| is_demanded(column, operation)).map(|column| column.name).collect();
    let mut schema = json!({"type": "object", "description": "Column → value.", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// Whether such a write must give columns.
pub fn is_data_demanded(table: Table, operation: Operation) -> bool {
    table
        .columns()
        .iter()
        .any(|column| is_given(column, operation) && is_demanded(column, operation))
}

fn is_given(column: &Column, operation: Operation) -> bool {
    match column.set_by {
        SetBy::Author => matches!(operation, Operation::Create | Operation::Update),
        SetBy::Creator => operation == Operation::Create,
        SetBy::StageChange => operation == Operation::StageChange,
        SetBy::Decision => matches!(operation, Operation::Approve | Operation::Reject),
        SetBy::Server => false,
    }
}

fn is_demanded(column: &Column, operation: Operation) -> bool {
    let is_new = operation == Operation::Create && matches!(column.default, Default::Null);
    column.required && (is_new || operation == Operation::StageChange)
}

fn hidden_from_somebody(table: Table) -> Vec<&'static str> {
    let viewer = |role| Viewer {
        user: UserId(Uuid::nil()),
        role,
        vendor: None,
    };
    Role::ALL.into_iter().flat_map(|role| viewer(role).hidden(table)).copied().collect()
}

/// A column's value in an answer.
fn answered(column: &Column) -> Json {
    let mut schema = value(column);
    if let ColumnType::Numeric { scale, .. } = column.kind {
        schema["pattern"] = format!(r"^-?\d+\.\d{{{scale}}}$").into();
    }
    let who = match column.set_by {
        SetBy::Author => None,
        SetBy::Creator => Some("Fixed once the row is made."),
        SetBy::StageChange => Some("Changes by a `stage-change` only."),
        SetBy::Decision => Some("Changes by a decision only."),
        SetBy::Server => Some("Set by the server."),
    };
    if column.set_by == SetBy::Server {
        schema["readOnly"] = true.into();
    }
    if let Some(who) = who {
        schema["description"] = who.into();
    }
    with_null_unless_required(column, schema)
}

/// A column's value in a write.
fn asked(column: &Column) -> Json {
    let mut schema = value(column);
    match column.kind {
        ColumnType::Numeric { scale, digits } => {
            schema["pattern"] = format!(r"^\d{{1,{}}}(\.\d{{1,{scale}}})?$", digits - scale).into();
            schema["type"] = json!(["string", "number"]);
            schema["minimum"] = 0.into();
        }
        ColumnType::Int4 | ColumnType::Int8 => schema["minimum"] = 0.into(),
        ColumnType::Text if column.required && column.choices.is_empty() => schema["pattern"] = r"\S".into(),
        _ => {}
    }
    let default = column.default.value(column.kind);
    if !default.is_null() {
        schema["default"] = default.to_json(column.kind);
    }
    with_null_unless_required(column, schema)
}

fn value(column: &Column) -> Json {
    match column.kind {
        ColumnType::Text if !column.choices.is_empty() => json!({"type": "string", "enum": column.choices}),
        ColumnType::Text => json!({"type": "string", "maxLength": column.max_chars}),
        ColumnType::Bool => json!({"type": "boolean"}),
        ColumnType::Int4 => json!({"type": "integer", "format": "int32"}),
        ColumnType::Int8 => json!({"type": "integer", "format": "int64"}),
        ColumnType::Numeric { scale, .. } => json!({"type": "string", "examples": [format!("1.{:0>width$}", 5, width = scale.into())]}),
        ColumnType::Uuid => json!({"type": "string", "format": "uuid"}),
        ColumnType::Date => json!({"type": "string", "format": "date"}),
        ColumnType::Timestamp => json!({
            "type": "string",
            "pattern": r"^-?\d{4,6}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d(:?\d\d)?)$",
            "examples": ["2026-11-23 04:48:01.25+00"],
        }),
        ColumnType::TextArray => json!({
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": column.max_chars},
            "maxItems": MAX_TEXTS,
        }),
    }
}

fn with_null_unless_required(column: &Column, mut schema: Json) -> Json {
    if column.required {
        return schema;
    }
    schema["type"] = match schema["type"].take() {
        Json::Array(mut types) => {
            types.push("null".into());
            types.into()
        }
        one => json!([one, "null"]),
    };
    if let Some(choices) = schema.get_mut("enum").and_then(Json::as_array_mut) {
        choices.push(Json::Null);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_reads_as_its_table_describes_it() {
        let turn = row(Table::Turns);
        assert_eq!(
            turn["properties"]["priority"],
            json!({"type": "string", "enum": ["low", "medium", "high", "urgent"]})
        );
        assert_eq!(
            turn["properties"]["power_status"],
            json!({"type": ["string", "null"], "enum": ["yes", "no", "pending", null]})
        );
        assert_eq!(
            turn["properties"]["turn_number"],
            json!({"type": ["string", "null"], "maxLength": 200, "readOnly": true, "description": "Set by the server."})
        );
        let required = turn["required"].as_array().unwrap();
        assert!(required.contains(&"notes".into()) && !required.contains(&"actual_amount".into()));
    }

    #[test]
    fn a_write_gives_what_is_its_authors_to_give() {
        let create = data(Table::ScopeItems, Operation::Create);
        assert_eq!(create["required"], json!(["turn_id", "room", "category", "description"]));
        assert_eq!(
            create["properties"]["unit_cost"],
            json!({"type": ["string", "number"], "pattern": r"^\d{1,10}(\.\d{1,2})?$", "minimum": 0, "default": "0.00", "examples": ["1.05"]})
        );
        let update = data(Table::ScopeItems, Operation::Update);
        assert!(update["properties"].get("turn_id").is_none() && update.get("required").is_none());
        assert_eq!(data(Table::Turns, Operation::StageChange)["required"], json!(["stage_id"]));
        assert_eq!(data(Table::Turns, Operation::Delete)["properties"].as_object().unwrap().len(), 1);
    }
}
