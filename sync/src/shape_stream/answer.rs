//! From a shape's answer to row changes.

use super::{Place, RowChange};
use domain::{Row, RowId, Table};
use protocol::{Control, RowOperation, ShapeMessage};
use serde_json::Value as Json;

/// An answer with its place, as the edge has read it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeAnswer {
    /// In the order of the log.
    pub changes: Vec<RowChange>,
    /// Where the stream goes on, from the answer's headers.
    pub place: Place,
    /// The end of the log is reached.
    pub up_to_date: bool,
}

/// What a body says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BodyRead {
    /// In the order of the log.
    pub changes: Vec<RowChange>,
    /// An `up-to-date` message was there.
    pub up_to_date: bool,
    /// A `must-refetch` message was there: everything else in the body is void.
    pub must_refetch: bool,
}

/// The body is not a shape's answer, or holds a row that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the answer for {table} cannot be read: {why}")]
pub struct UnreadableAnswer {
    table: &'static str,
    why: String,
}

/// Reads a body. An unreadable row makes the whole body unreadable: half of a log is worse than none.
pub fn read_changes(table: Table, body: &[u8]) -> Result<BodyRead, UnreadableAnswer> {
    let unreadable = |why: String| UnreadableAnswer { table: table.sql_name(), why };
    let messages: Vec<ShapeMessage> = serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    let mut read = BodyRead::default();
    for message in messages {
        match (message.headers.operation, message.headers.control) {
            (Some(operation), _) => read.changes.push(read_change(table, operation, message).map_err(unreadable)?),
            (None, Some(Control::UpToDate)) => read.up_to_date = true,
            (None, Some(Control::MustRefetch)) => read.must_refetch = true,
            (None, Some(Control::SnapshotEnd | Control::Other) | None) => {}
        }
    }
    Ok(read)
}

fn read_change(table: Table, operation: RowOperation, message: ShapeMessage) -> Result<RowChange, String> {
    let columns = message.value.unwrap_or_default();
    let id = columns.get("id").and_then(Json::as_str).or(message.key.as_deref().and_then(id_in_key));
    let id: RowId = id.ok_or("a row without an id")?.parse().map_err(|_| "a row's id is no id")?;
    match operation {
        RowOperation::Insert => Row::from_pg_json(table, &columns).map(RowChange::Put).map_err(|error| error.to_string()),
        RowOperation::Update => {
            // Read once here, so that storing cannot fail on it.
            Row::from_pg_json(table, &columns).map_err(|error| error.to_string())?;
            Ok(RowChange::Patch { id, columns })
        }
        RowOperation::Delete => Ok(RowChange::Remove(id)),
    }
}

/// `"public"."turns"/"<id>"` → `<id>`.
fn id_in_key(key: &str) -> Option<&str> {
    key.rsplit_once("/\"")?.1.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "00000000-0000-4000-8000-000000000004";

    #[test]
    fn a_log_is_read_in_order() {
        let body = format!(
            r#"[{{"value":{{"id":"{ID}","name":"Elm 4","version":"1"}},"key":"k","headers":{{"operation":"insert"}}}},
                {{"value":{{"id":"{ID}","name":"Elm 5","version":"2"}},"key":"k","headers":{{"operation":"update"}}}},
                {{"value":{{"id":"{ID}"}},"key":"k","headers":{{"operation":"delete"}}}},
                {{"key":"\"public\".\"properties\"/\"{ID}\"","headers":{{"operation":"delete"}}}},
                {{"headers":{{"control":"up-to-date"}}}}]"#
        );
        let read = read_changes(Table::Properties, body.as_bytes()).unwrap();
        assert!(read.up_to_date && !read.must_refetch);
        assert!(matches!(
            &read.changes[..],
            [RowChange::Put(_), RowChange::Patch { .. }, RowChange::Remove(_), RowChange::Remove(_)]
        ));
    }

    #[test]
    fn booleans_are_the_same_in_electrics_snapshots_and_in_its_log() {
        let read = |active: &str| {
            let row = format!(r#"[{{"value":{{"id":"{ID}","is_active":{active}}},"key":"k","headers":{{"operation":"insert"}}}}]"#);
            read_changes(Table::Properties, row.as_bytes()).unwrap()
        };
        for (snapshot, log) in [("\"true\"", "\"t\""), ("\"false\"", "\"f\""), ("null", "null")] {
            assert_eq!(read(snapshot), read(log));
        }
        assert_ne!(read("\"t\""), read("\"f\""));
    }

    #[test]
    fn what_cannot_be_read_is_refused_whole() {
        for body in [
            "",
            "{}",
            "<html>Sign in to the hotel's network</html>",
            r#"[{"value":{"name":"no id"},"headers":{"operation":"insert"}}]"#,
        ] {
            assert!(read_changes(Table::Properties, body.as_bytes()).is_err(), "{body}");
        }
        let bad_column = format!(r#"[{{"value":{{"id":"{ID}","year_built":"old"}},"headers":{{"operation":"update"}}}}]"#);
        assert_eq!(
            read_changes(Table::Properties, bad_column.as_bytes()).unwrap_err().to_string(),
            "the answer for properties cannot be read: properties.year_built must be a whole number"
        );
    }
}
