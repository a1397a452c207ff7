//! Writes and their receipts as JSON Schema: one for each table, operation by operation.
//!
//! **Invariant:** an operation that no role may do to a table is not there.

use super::rows;
use domain::{Operation, Role, Table};
use serde_json::{Map, Value as Json, json};

/// An id as it is in the examples.
const ID: &str = "01990000-0000-7000-8000-000000000001";

/// Every table's schemas, by name.
pub fn schemas() -> Map<String, Json> {
    let mut schemas = Map::from_iter([("WriteRefusal".to_owned(), refusal())]);
    for table in Table::ALL {
        schemas.insert(rows::name(table), rows::row(table));
        schemas.insert(write_name(table), any_write(table));
        schemas.insert(receipt_name(table), receipt(table));
        for operation in operations(table) {
            schemas.insert(operation_name(table, operation), write(table, operation));
        }
    }
    schemas
}

/// The schema of a write to this table: `TurnWrite`.
pub fn write_name(table: Table) -> String {
    rows::name(table) + "Write"
}

/// The schema of an applied write's answer: `TurnReceipt`.
pub fn receipt_name(table: Table) -> String {
    rows::name(table) + "Receipt"
}

/// The schema of one write of a batch.
pub fn batched() -> Json {
    let of_table = |table: Table| {
        json!({"allOf": [
            reference(&write_name(table)),
            {"type": "object", "required": ["table"], "properties": {"table": {"const": table.url_name()}}},
        ]})
    };
    json!({"anyOf": Table::ALL.map(of_table)})
}

/// The schema of one answer of a batch.
pub fn answered() -> Json {
    let receipts = Table::ALL.map(|table| reference(&receipt_name(table)));
    json!({"anyOf": receipts.into_iter().chain([reference("WriteRefusal")]).collect::<Vec<_>>()})
}

/// A reference to a schema.
pub fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn operations(table: Table) -> impl Iterator<Item = Operation> {
    Operation::ALL
        .into_iter()
        .filter(move |operation| Role::ALL.into_iter().any(|role| role.may(*operation, table)))
}

/// `TurnStageChange`
fn operation_name(table: Table, operation: Operation) -> String {
    let operation = match operation {
        Operation::Create => "Create",
        Operation::Update => "Update",
        Operation::Delete => "Delete",
        Operation::StageChange => "StageChange",
        Operation::Approve => "Approve",
        Operation::Reject => "Reject",
    };
    rows::name(table) + operation
}

fn any_write(table: Table) -> Json {
    let names: Vec<(Operation, String)> = operations(table).map(|operation| (operation, operation_name(table, operation))).collect();
    let mapping: Map<String, Json> = names
        .iter()
        .map(|(operation, name)| (operation.name().to_owned(), format!("#/components/schemas/{name}").into()))
        .collect();
    json!({
        "oneOf": names.iter().map(|(_, name)| reference(name)).collect::<Vec<_>>(),
        "discriminator": {"propertyName": "operation", "mapping": mapping},
    })
}

fn write(table: Table, operation: Operation) -> Json {
    let own_id = format!("{}Id", table.row_name());
    let id = json!({"type": "string", "format": "uuid"});
    let id_or_null = json!({"type": ["string", "null"], "format": "uuid"});
    let mut properties = json!({
        "operation": {"const": operation.name()},
        "writeId": {"type": ["string", "null"], "format": "uuid", "description": "The idempotency key: the same write again gets the same answer. Without one there is no protection from repeats."},
        "rowId": {"type": ["string", "null"], "format": "uuid", "description": format!("Which row; for a create, the id that it is to have. It may be called `{own_id}` as well, or stand in `data` as `id`.")},
        "after": {"type": "array", "items": id, "description": "The writes that this one builds on; while one of them has no receipt the answer is `BLOCKED`."},
        "data": rows::data(table, operation),
    });
    properties[&own_id] = id_or_null;
    if operation != Operation::Create {
        properties["version"] = json!({"type": ["integer", "null"], "format": "int64", "description": "The version that the author saw; where the row has moved on the answer is `CONFLICT`. Without one it is not checked."});
    }
    if matches!(operation, Operation::Approve | Operation::Reject) {
        properties["metadata"] = reference("WriteMetadata");
    }
    let mut required = vec!["operation"];
    if rows::is_data_demanded(table, operation) {
        required.push("data");
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "anyOf": [{"required": ["rowId"]}, {"required": [own_id]}, {"required": ["data"], "properties": {"data": {"required": ["id"]}}}],
        "not": {"required": ["rowId", own_id]},
    })
}

fn receipt(table: Table) -> Json {
    let mut properties = json!({
        "writeId": {"type": "string", "format": "uuid"},
        "status": {"const": 200},
        "success": {"const": true},
        "version": {"type": "integer", "format": "int64", "minimum": 1, "description": "The row’s version after the write; none after a delete."},
        "txid": {"type": "string", "description": "The transaction, as the shape log’s `txids` name it."},
        "inShape": {"type": "boolean", "description": "Whether the writer’s own shape will bring the row."},
    });
    properties[table.row_name()] = reference(&rows::name(table));
    json!({
        "type": "object",
        "description": "The answer to an applied write: the same bytes for ever. The row is not there after a delete.",
        "properties": properties,
        "required": ["writeId", "status", "success", "txid", "inShape"],
    })
}

fn refusal() -> Json {
    json!({
        "type": "object",
        "description": "A write of a batch that was not applied, while others may have been.",
        "properties": {
            "writeId": {"type": ["string", "null"], "format": "uuid", "description": "Null where the write could not be read that far."},
            "status": {"type": "integer", "description": "What the write alone would have been answered."},
            "success": {"const": false},
            "error": reference("Problem"),
        },
        "required": ["writeId", "status", "success", "error"],
    })
}

/// Writes to show, by name.
pub fn examples(table: Table) -> Map<String, Json> {
    let example = |summary: &str, value: Json| (summary.to_owned(), json!({"summary": summary, "value": value}));
    match table {
        Table::Turns => Map::from_iter([
            example(
                "An update",
                json!({"operation": "update", "writeId": ID, "turnId": ID, "version": 3, "data": {"notes": "Keys under the mat", "priority": "high"}}),
            ),
            example(
                "To another stage",
                json!({"operation": "stage-change", "writeId": ID, "turnId": ID, "version": 4, "data": {"stage_id": ID}}),
            ),
            example(
                "An approval",
                json!({"operation": "approve", "writeId": ID, "turnId": ID, "version": 5, "metadata": {"approvalLevel": "DFO"}}),
            ),
        ]),
        Table::Properties => Map::from_iter([example(
            "A new home",
            json!({"operation": "create", "writeId": ID, "data": {
                "id": ID, "property_number": "P-1204", "name": "1204 Maple Avenue", "street_address": "1204 Maple Avenue", "city": "Columbus",
            }}),
        )]),
        _ => Map::new(),
    }
}
