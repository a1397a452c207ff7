//! One address for each table, where the router has one for all of them.
//!
//! `/api/write/{table}` takes another body for each table, which one path of a document cannot say.
//!
//! **Invariant:** only `{table}` is expanded, and into every table; the router answers each address that results.

use super::writes;
use domain::Table;
use serde_json::{Map, Value as Json};

const TABLE: &str = "{table}";

/// Replaces paths with `{table}` in them by one path per table.
pub fn name_tables(paths: Map<String, Json>) -> Map<String, Json> {
    let mut named = Map::new();
    for (path, item) in paths {
        if path.contains(TABLE) {
            let is_write = path.starts_with("/api/write/");
            named.extend(Table::ALL.map(|table| (path.replace(TABLE, table.url_name()), of_table(table, item.clone(), is_write))));
        } else {
            named.insert(path, item);
        }
    }
    named
}

fn of_table(table: Table, mut item: Json, is_write: bool) -> Json {
    for operation in item
        .as_object_mut()
        .into_iter()
        .flatten()
        .filter_map(|(_, operation)| operation.as_object_mut())
    {
        if let Some(id) = operation.get("operationId").and_then(Json::as_str) {
            let id = format!("{id}_{}", table.sql_name());
            operation.insert("operationId".to_owned(), id.into());
        }
        if let Some(summary) = operation.get("summary").and_then(Json::as_str) {
            let summary = summary.replace(TABLE, table.url_name());
            operation.insert("summary".to_owned(), summary.into());
        }
        if let Some(parameters) = operation.get_mut("parameters").and_then(Json::as_array_mut) {
            parameters.retain(|parameter| parameter["name"] != "table");
        }
        let examples = writes::examples(table);
        if let Some(body) = operation.get_mut("requestBody").filter(|_| is_write && !examples.is_empty()) {
            body["content"]["application/json"]["examples"] = Json::Object(examples);
        }
    }
    refer_to(table, &mut item);
    item
}

/// Turns references to any table's write into references to this one's.
fn refer_to(table: Table, json: &mut Json) {
    match json {
        Json::Object(map) => match map.get("$ref").and_then(Json::as_str) {
            Some("#/components/schemas/WireWrite") => *json = writes::reference(&writes::write_name(table)),
            Some("#/components/schemas/WriteAnswer") => *json = writes::reference(&writes::receipt_name(table)),
            _ => map.values_mut().for_each(|value| refer_to(table, value)),
        },
        Json::Array(values) => values.iter_mut().for_each(|value| refer_to(table, value)),
        _ => {}
    }
}
