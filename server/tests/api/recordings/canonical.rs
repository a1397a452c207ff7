//! What two answers have in common that say the same: names of ours become the recorded ones, and numbers that the server draws
//! become their order of appearance.

use super::{ours, recording::Answer};
use domain::Table;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// One answer's words.
pub struct Canon<'a> {
    /// Ours, or the recorded one.
    pub is_ours: bool,
    pub table: Table,
    /// Where it was asked from.
    pub from: &'a str,
    /// Values that were recorded as NULL and cannot be so here, by key and column.
    pub left_out: &'a BTreeSet<(String, String)>,
}

impl Canon<'_> {
    /// Status and headers.
    pub fn head(&self, answer: &Answer) -> Json {
        let mut head = Map::from_iter([("status".to_owned(), answer.status.into())]);
        for (name, value) in &answer.headers {
            let said = match name.as_str() {
                "electric-handle" | "electric-offset" | "electric-cursor" | "retry-after" => json!("there"),
                "electric-up-to-date" | "electric-has-data" | "electric-snapshot" => json!(value),
                "electric-schema" => self.schema(value),
                "etag" => json!(self.etag(answer, value)),
                "content-type" if matches!(answer.status, 200 | 400 | 409) => json!(value.split(';').next()),
                "cache-control" if matches!(answer.status, 200 | 304 | 409) => json!(if value.contains("no-cache") { "no-cache" } else { "may be kept" }),
                _ => continue,
            };
            head.insert(name.clone(), said);
        }
        Json::Object(head)
    }

    /// Handle, where it was asked from and where it ends, and whether there is more.
    fn etag(&self, answer: &Answer, etag: &str) -> String {
        let header = |name: &str| answer.headers.get(name).map(String::as_str).unwrap_or_default();
        let from = if answer.status == 409 { "" } else { self.from };
        let whole = format!("{}:{from}:{}", header("electric-handle"), header("electric-offset"));
        match etag.trim_matches('"').strip_prefix(&whole) {
            Some("") => "handle:from:to".to_owned(),
            // The end of what was passed over says enough.
            Some(_) if self.from == "now" => "handle:from:to".to_owned(),
            Some(_) => "handle:from:to:unique".to_owned(),
            None => etag.to_owned(),
        }
    }

    /// Recorded columns with their types, as far as ours are of the same.
    fn schema(&self, header: &str) -> Json {
        let schema: Map<String, Json> = serde_json::from_str(header).unwrap();
        let told = schema.into_iter().filter_map(|(name, told)| {
            let name = self.recorded(&name)?;
            let kind = if matches!(name.as_str(), "tags" | "meta") {
                json!("text")
            } else {
                told["type"].clone()
            };
            Some((name, json!([kind, told["pk_index"]])))
        });
        told.collect()
    }

    /// The messages of a log, a subset, or what a refusal says.
    pub fn body(&self, text: &str) -> Json {
        let text = if text.starts_with("data: ") { events(text) } else { text.to_owned() };
        match serde_json::from_str(&text) {
            Ok(Json::Array(messages)) => json!(self.messages(&messages)),
            Ok(Json::Object(mut object)) => {
                if let Some(Json::Array(rows)) = object.get("data").cloned() {
                    object["data"] = json!(rows.iter().map(|row| self.message(row, &mut Seen::default())).collect::<Vec<_>>());
                    let of_all = |name: &str| rows.iter().all(|row| row["headers"][name] == object["metadata"][name]);
                    object["metadata"] = json!({"marks": of_all("snapshot_mark"), "names": object["metadata"].as_object().unwrap().keys().collect::<Vec<_>>()});
                }
                if let Some(details) = object.get_mut("details") {
                    *details = json!("there");
                }
                Json::Object(object)
            }
            _ => json!(text),
        }
    }

    /// Rows of a snapshot in the order of their keys, the rest as it came.
    pub fn messages(&self, messages: &[Json]) -> Vec<Json> {
        let mut seen = Seen::default();
        let mut canonical: Vec<Json> = messages.iter().map(|message| self.message(message, &mut seen)).collect();
        let rows = canonical
            .iter()
            .take_while(|message| message["headers"]["lsn"].is_null() && message.get("key").is_some())
            .count();
        canonical[..rows].sort_by_key(|message| message["key"].to_string());
        canonical
    }

    fn message(&self, message: &Json, seen: &mut Seen) -> Json {
        let mut message = message.as_object().unwrap().clone();
        let key = message.get("key").and_then(Json::as_str).map(row_id).unwrap_or_default();
        for (name, told) in &mut message {
            *told = match name.as_str() {
                "key" => json!(key),
                "value" | "old_value" => self.columns(&key, told),
                "headers" => headers(told, seen),
                _ => continue,
            };
        }
        Json::Object(message)
    }

    fn columns(&self, key: &str, columns: &Json) -> Json {
        let told = columns.as_object().unwrap().iter().filter_map(|(name, value)| {
            let name = self.recorded(name)?;
            let is_told = !self.left_out.contains(&(key.to_owned(), name.clone()));
            is_told.then(|| (name.clone(), plain(&name, value)))
        });
        told.collect()
    }

    /// The recorded name of a column; none for those that were not recorded.
    fn recorded(&self, name: &str) -> Option<String> {
        let recorded = if self.is_ours {
            ours::recorded_column(self.table, name)
        } else {
            ours::columns(self.table).find(|column| *column == name)
        };
        recorded.map(str::to_owned)
    }
}

/// What has appeared so far, in order.
#[derive(Default)]
struct Seen {
    transactions: Vec<Json>,
    changes: u64,
}

/// Transactions by their order, changes by theirs in the transaction.
fn headers(headers: &Json, seen: &mut Seen) -> Json {
    let mut headers = headers.as_object().unwrap().clone();
    if let Some(lsn) = headers.get("lsn").cloned() {
        assert!(lsn.is_string() && headers["op_position"].is_u64() && headers["txids"][0].is_u64());
        if seen.transactions.last() != Some(&lsn) {
            assert!(!seen.transactions.contains(&lsn), "a transaction comes in one piece");
            seen.transactions.push(lsn);
            seen.changes = 0;
        }
        headers.insert("lsn".to_owned(), json!(seen.transactions.len()));
        headers.insert("txids".to_owned(), json!([seen.transactions.len()]));
        headers.insert("op_position".to_owned(), json!(seen.changes));
        seen.changes += 1;
    }
    if let Some(relation) = headers.get_mut("relation") {
        let name = relation[1].as_str().unwrap();
        *relation = json!([relation[0], ours::recorded_table(name).unwrap_or(name)]);
    }
    for number in ["global_last_seen_lsn", "xmin", "xmax"] {
        if let Some(number) = headers.get_mut(number) {
            assert!(number.as_str().unwrap().parse::<u64>().is_ok());
            *number = json!("a number");
        }
    }
    if let Some(mark) = headers.get_mut("snapshot_mark") {
        *mark = json!(mark.is_u64());
    }
    Json::Object(headers)
}

/// `"public"."properties"/"<id>"` without the table, which is in the headers.
pub fn row_id(key: &str) -> String {
    key.rsplit('/').next().unwrap().trim_matches('"').to_owned()
}

/// One text for values that are the same.
fn plain(column: &str, value: &Json) -> Json {
    let Some(text) = value.as_str() else { return value.clone() };
    match column {
        "is_core" | "is_active" if text == "t" => json!("true"),
        "is_core" | "is_active" if text == "f" => json!("false"),
        "monthly_rent" if text.contains('.') => json!(text.trim_end_matches('0').trim_end_matches('.')),
        "meta" => serde_json::from_str(text).unwrap(),
        _ => value.clone(),
    }
}

/// The messages of an event stream, as an array.
pub fn events(text: &str) -> String {
    let messages: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    format!("[{}]", messages.join(","))
}
