//! Shape messages as JSON text, gathered into one page.
//!
//! **Invariant:** every value is PostgreSQL's text form or null, as recorded from Electric.

use super::shape::Shape;
use crate::db::Change;
use axum::body::Bytes;
use domain::{Column, Row, Table};
use protocol::{
    RowOperation, ShapeMessage,
    shape::{Control, MessageHeaders, row_key},
};
use serde_json::{Map, Value as Json, json};
use std::sync::OnceLock;

/// Column → value.
type Columns = Map<String, Json>;

/// The body of an answer: messages in order.
#[derive(Debug, Default)]
pub struct Body {
    messages: Vec<String>,
    bytes: usize,
    /// All of them as one array, once somebody wants it so.
    array: OnceLock<Bytes>,
}

impl Body {
    /// How large the body is so far.
    pub const fn len(&self) -> usize {
        self.bytes
    }

    /// Appends a message.
    pub fn push(&mut self, message: &ShapeMessage) {
        self.push_text(text(message));
    }

    /// Appends what ends the last page of a snapshot. In PostgreSQL's words: transactions below `position + 1` are in it.
    pub fn push_snapshot_end(&mut self, position: i64) {
        let next = (position + 1).to_string();
        self.push_text(json!({"headers": {"control": "snapshot-end", "xmin": next, "xmax": next, "xip_list": []}}).to_string());
    }

    /// Appends what says that the log's end is reached.
    pub fn push_up_to_date(&mut self, end: i64) {
        let mut message = ShapeMessage::control(Control::UpToDate);
        message.headers.global_last_seen_lsn = Some(end.to_string());
        self.push(&message);
    }

    /// As one JSON array; shared by everyone who asks for it.
    pub fn array(&self) -> Bytes {
        self.array.get_or_init(|| self.joined().into()).clone()
    }

    fn joined(&self) -> String {
        let mut array = String::with_capacity(self.bytes + 2);
        array.push('[');
        for (index, message) in self.messages.iter().enumerate() {
            if index > 0 {
                array.push(',');
            }
            array.push_str(message);
        }
        array.push(']');
        array
    }

    /// The same array piece by piece; together they are one byte longer than [`Body::len`].
    pub fn into_pieces(self) -> impl Iterator<Item = Bytes> + Send {
        let first = |index| Bytes::from_static(if index == 0 { b"[" } else { b"," });
        let none = self.messages.is_empty().then_some(Bytes::from_static(b"["));
        let messages = self.messages.into_iter().enumerate();
        let pieces = messages.flat_map(move |(index, message)| [first(index), Bytes::from(message)]);
        none.into_iter().chain(pieces).chain([Bytes::from_static(b"]")])
    }

    /// Each message by itself.
    pub fn messages(&self) -> &[String] {
        &self.messages
    }

    /// Appends a message, or several with commas between them.
    pub fn push_text(&mut self, message: String) {
        // With the comma or bracket behind it.
        self.bytes += message.len() + 1;
        self.messages.push(message);
    }
}

/// A row of a snapshot.
pub fn snapshot_row(shape: &Shape, row: &Row) -> ShapeMessage {
    let headers = MessageHeaders {
        relation: Some(relation(row.table())),
        operation: Some(RowOperation::Insert),
        ..MessageHeaders::default()
    };
    ShapeMessage {
        key: Some(row_key(row.table(), row.id())),
        value: Some(whole(shape, row)),
        old_value: None,
        headers,
    }
}

/// Whether a change of the table is anything to the shape.
pub fn is_told(shape: &Shape, change: &Change) -> bool {
    let held = |row: &&Row| change.table == shape.table && shape.holds(row);
    match (change.old.as_ref().filter(held), change.new.as_ref().filter(held)) {
        (Some(old), Some(new)) => shape.columns().any(|(index, _)| old.at(index) != new.at(index)),
        (old, new) => old.or(new).is_some(),
    }
}

/// What a change of the table is to the shape, if it is anything.
pub fn change(shape: &Shape, change: &Change) -> Option<ShapeMessage> {
    let old = change.old.as_ref().filter(|row| shape.holds(row));
    let new = change.new.as_ref().filter(|row| shape.holds(row));
    let (operation, value, old_value) = match (old, new) {
        (None, None) => return None,
        (None, Some(new)) => (RowOperation::Insert, whole(shape, new), None),
        (Some(old), None) if shape.is_full => (RowOperation::Delete, whole(shape, old), None),
        (Some(old), None) => (RowOperation::Delete, key_only(old), None),
        (Some(old), Some(new)) => {
            let (value, old_value) = update(shape, old, new)?;
            (RowOperation::Update, value, old_value)
        }
    };
    let headers = MessageHeaders {
        relation: Some(relation(shape.table)),
        operation: Some(operation),
        lsn: Some(change.place.position.to_string()),
        op_position: Some(change.place.op),
        txids: Some(vec![change.place.position]),
        ..MessageHeaders::default()
    };
    Some(ShapeMessage {
        key: Some(row_key(shape.table, change.row_id)),
        value: Some(value),
        old_value,
        headers,
    })
}

/// A message as JSON.
pub fn text(message: &ShapeMessage) -> String {
    // It is strings and numbers: there is nothing in it that could fail to be JSON.
    serde_json::to_string(message).unwrap_or_default()
}

fn relation(table: Table) -> [String; 2] {
    ["public".to_owned(), table.sql_name().to_owned()]
}

fn key_only(row: &Row) -> Columns {
    Map::from_iter([("id".to_owned(), Json::String(row.id().to_string()))])
}

fn whole(shape: &Shape, row: &Row) -> Columns {
    shape.columns().map(|(index, column)| cell(row, index, column)).collect()
}

/// An update's new value, and where whole rows are told the old one; none where nothing changed that the shape tells.
fn update(shape: &Shape, old: &Row, new: &Row) -> Option<(Columns, Option<Columns>)> {
    let changed = || shape.columns().filter(|(index, _)| old.at(*index) != new.at(*index));
    let told = |row: &Row| changed().map(|(index, column)| cell(row, index, column)).collect::<Columns>();
    changed().next()?;
    if shape.is_full {
        return Some((whole(shape, new), Some(told(old))));
    }
    let mut value = told(new);
    value.extend(key_only(new));
    Some((value, None))
}

fn cell(row: &Row, index: usize, column: &Column) -> (String, Json) {
    let text = row.at(index).to_pg_text(column.kind);
    (column.name.to_owned(), text.map_or(Json::Null, Json::String))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{db::changes::Place, shapes::request::Wish};
    use domain::{Role, UserId, Value, Viewer};
    use uuid::Uuid;

    fn turn(manager: u128, notes: &str) -> Row {
        let mut row = Row::blank(Table::Turns);
        row.set("id", Value::Uuid(Uuid::from_u128(9)));
        row.set("is_active", Value::Bool(true));
        row.set("notes", Value::text(notes));
        row.set("property_manager_id", Value::Uuid(Uuid::from_u128(manager)));
        row
    }

    fn seen(old: Option<Row>, new: Option<Row>) -> Option<(RowOperation, usize)> {
        let manager = Viewer {
            user: UserId(Uuid::from_u128(1)),
            role: Role::PropertyManager,
            vendor: None,
        };
        let told: Vec<&str> = Table::Turns
            .columns()
            .iter()
            .map(|column| column.name)
            .filter(|name| *name != "scope_digest")
            .collect();
        let wish = Wish {
            columns: Some(told.join(",")),
            ..Wish::default()
        };
        let shape = Shape::of(&manager, Table::Turns, "e").wanted(&wish, "e").unwrap();
        let place = Place { position: 5, op: 2 };
        let message = change(
            &shape,
            &Change {
                place,
                table: Table::Turns,
                row_id: domain::RowId(Uuid::from_u128(9)),
                old,
                new,
            },
        )?;
        Some((message.headers.operation.unwrap(), message.value.unwrap().len()))
    }

    #[test]
    fn a_body_is_the_same_in_pieces() {
        for messages in [vec![], vec!["{}"], vec!["{}", "1,2", "null"]] {
            let mut body = Body::default();
            messages.iter().for_each(|message| body.push_text((*message).to_owned()));
            let (array, length) = (body.array(), body.len());
            let pieces: Vec<u8> = body.into_pieces().flatten().collect();
            assert_eq!(pieces, array, "{messages:?}");
            assert_eq!(pieces.len(), length + 1 + usize::from(messages.is_empty()), "{messages:?}");
        }
    }

    #[test]
    fn a_change_is_what_it_is_to_the_one_who_looks() {
        let all = Table::Turns.columns().len() - 1;
        let mut asked = turn(1, "a");
        asked.set("scope_digest", Value::text("5d"));
        let cases = [
            (Some(turn(1, "a")), Some(asked), None),
            (None, Some(turn(1, "a")), Some((RowOperation::Insert, all))),
            (Some(turn(2, "a")), Some(turn(1, "a")), Some((RowOperation::Insert, all))),
            (Some(turn(1, "a")), Some(turn(1, "b")), Some((RowOperation::Update, 2))),
            (Some(turn(1, "a")), Some(turn(2, "b")), Some((RowOperation::Delete, 1))),
            (Some(turn(1, "a")), None, Some((RowOperation::Delete, 1))),
            (Some(turn(1, "a")), Some(turn(1, "a")), None),
            (Some(turn(2, "a")), Some(turn(2, "b")), None),
            (Some(turn(2, "a")), None, None),
        ];
        for (old, new, expected) in cases {
            assert_eq!(seen(old, new), expected);
        }
    }
}
