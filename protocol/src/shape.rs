//! Electric's shape protocol, as recorded from version 1.7.12, and the doorbell beside it.

use domain::Table;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::fmt::Write;

/// Header that names the shape's log.
pub const HANDLE_HEADER: &str = "electric-handle";
/// Header with the place in the log to go on from.
pub const OFFSET_HEADER: &str = "electric-offset";
/// Header that is there when the answer reaches the log's end.
pub const UP_TO_DATE_HEADER: &str = "electric-up-to-date";
/// Header with a number to send back with live requests, so that caches do not repeat an old answer.
pub const CURSOR_HEADER: &str = "electric-cursor";
/// Header with the columns' types.
pub const SCHEMA_HEADER: &str = "electric-schema";
/// The offset of a first request.
pub const BEGINNING: &str = "-1";

/// A request for one shape: `GET /api/sync/{table}?offset=…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeRequest {
    /// Which table.
    pub table: Table,
    /// [`BEGINNING`], or what the last answer's [`OFFSET_HEADER`] said.
    pub offset: String,
    /// What the last answer's [`HANDLE_HEADER`] said.
    pub handle: Option<String>,
    /// The handle that was last answered with 409, so that nobody answers with it again.
    pub expired_handle: Option<String>,
    /// Wait for news where there are none.
    pub live: bool,
    /// What the last live answer's [`CURSOR_HEADER`] said.
    pub cursor: Option<String>,
}

/// One message of a shape's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShapeMessage {
    /// `"public"."turns"/"<id>"`; none in control messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Columns in PostgreSQL's text form: all for an insert, the changed ones and the key for an update, the key for a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<std::collections::BTreeMap<String, Option<String>>>))]
    pub value: Option<Map<String, Json>>,
    /// What stood in the changed columns, where whole rows were asked for (`replica=full`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<std::collections::BTreeMap<String, Option<String>>>))]
    pub old_value: Option<Map<String, Json>>,
    /// What kind of message it is.
    pub headers: MessageHeaders,
}

/// A message's headers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageHeaders {
    /// The last change of its transaction in this shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<bool>,
    /// Schema and table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<[String; 2]>,
    /// Set in change messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<RowOperation>,
    /// Set in control messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// Place of the transaction in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lsn: Option<String>,
    /// Place inside the transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op_position: Option<i64>,
    /// The transactions that made the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub txids: Option<Vec<i64>>,
    /// In rows of a subset: which one's they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_mark: Option<u32>,
    /// In `up-to-date`: how far the log has been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global_last_seen_lsn: Option<String>,
}

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RowOperation {
    /// It entered the shape.
    Insert,
    /// Some of its columns changed.
    Update,
    /// It left the shape.
    Delete,
}

/// What a control message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// The end of the log is reached.
    UpToDate,
    /// The last page of a snapshot.
    SnapshotEnd,
    /// The log is gone: begin again.
    MustRefetch,
    /// Something newer, to be passed over.
    #[serde(other)]
    Other,
}

/// The doorbell's event (`GET /api/sync/live`, SSE, event name `news`): which shapes have news for this user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct News {
    /// URL names of tables.
    pub tables: Vec<String>,
}

impl ShapeRequest {
    /// A first request.
    pub fn beginning(table: Table) -> Self {
        Self {
            table,
            offset: BEGINNING.to_owned(),
            handle: None,
            expired_handle: None,
            live: false,
            cursor: None,
        }
    }

    /// Path and query.
    pub fn path_and_query(&self) -> String {
        let mut url = format!("/api/sync/{}?offset={}", self.table.url_name(), self.offset);
        // Handles, offsets and cursors are digits and dashes; anything else would be a server's mistake.
        for (name, value) in [("handle", &self.handle), ("expired_handle", &self.expired_handle), ("cursor", &self.cursor)] {
            if let Some(value) = value {
                let _ = write!(
                    url,
                    "&{name}={}",
                    value.chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect::<String>()
                );
            }
        }
        if self.live {
            url.push_str("&live=true");
        }
        url
    }
}

impl ShapeMessage {
    /// A control message.
    pub fn control(control: Control) -> Self {
        Self {
            key: None,
            value: None,
            old_value: None,
            headers: MessageHeaders {
                control: Some(control),
                ..MessageHeaders::default()
            },
        }
    }
}

/// A row's key in shape messages: `"public"."turns"/"<id>"`.
pub fn row_key(table: Table, id: domain::RowId) -> String {
    format!("\"public\".\"{}\"/\"{id}\"", table.sql_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_messages_are_read() {
        let recorded = r#"[
            {"value":{"id":"00000000-0000-4000-8000-000000000004","name":"Renamed 4","version":"2"},"key":"\"public\".\"properties\"/\"00000000-0000-4000-8000-000000000004\"","headers":{"last":true,"relation":["public","properties"],"operation":"update","lsn":"31610192","op_position":0,"txids":[794]}},
            {"headers":{"control":"snapshot-end","xip_list":[],"xmax":"792","xmin":"792"}},
            {"headers":{"control":"up-to-date","global_last_seen_lsn":"31610192"}},
            {"headers":{"control":"must-refetch"}},
            {"headers":{"control":"of-next-year"}}
        ]"#;
        let messages: Vec<ShapeMessage> = serde_json::from_str(recorded).unwrap();
        assert_eq!(messages[0].headers.operation, Some(RowOperation::Update));
        let controls: Vec<_> = messages.iter().filter_map(|message| message.headers.control).collect();
        assert_eq!(controls, [Control::SnapshotEnd, Control::UpToDate, Control::MustRefetch, Control::Other]);
    }

    #[test]
    fn a_request_is_a_url() {
        let mut request = ShapeRequest::beginning(Table::ScopeItems);
        assert_eq!(request.path_and_query(), "/api/sync/scope-items?offset=-1");
        request = ShapeRequest {
            offset: "12_0".into(),
            handle: Some("9-8&x=1".into()),
            expired_handle: Some("9-7".into()),
            live: true,
            cursor: Some("5".into()),
            ..request
        };
        assert_eq!(
            request.path_and_query(),
            "/api/sync/scope-items?offset=12_0&handle=9-8x1&expired_handle=9-7&cursor=5&live=true"
        );
    }
}
