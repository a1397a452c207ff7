//! From a shape's answer to row changes.
//!
//! A first sync brings a hundred thousand rows, so they are read once, from the bytes into packed rows, with nothing in between.

mod message;

use super::{Place, RowChange};
use domain::{RowId, Table, Value, row::Packing};
use message::{Headers, Message};
use protocol::{Control, RowOperation};
use serde::de::{DeserializeSeed, IgnoredAny};

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
    let mut reader = BodyReader::new(table, body)?;
    while reader.read_on(usize::MAX)? {}
    Ok(reader.finish())
}

/// Reads a body in slices, so that a screen can be painted between two.
pub struct BodyReader<'a> {
    /// What is still to be read of the list of messages, behind its bracket.
    rest: &'a str,
    reading: Reading,
}

impl<'a> BodyReader<'a> {
    /// Begins.
    pub fn new(table: Table, body: &'a [u8]) -> Result<Self, UnreadableAnswer> {
        let text = str::from_utf8(body).map_err(|error| unreadable(table, error.to_string()))?;
        let inside = text.trim_ascii_start().strip_prefix('[');
        Ok(Self {
            rest: inside
                .ok_or_else(|| unreadable(table, "it is no list of messages".to_owned()))?
                .trim_ascii_start(),
            reading: Reading::new(table),
        })
    }

    /// Reads at most so many messages; says whether there are more.
    pub fn read_on(&mut self, most: usize) -> Result<bool, UnreadableAnswer> {
        let table = self.reading.packing.table();
        for _ in 0..most {
            if let Some(behind) = self.rest.strip_prefix(']') {
                let is_all = behind.trim_ascii().is_empty();
                return if is_all {
                    Ok(false)
                } else {
                    Err(unreadable(table, "something stands behind it".to_owned()))
                };
            }
            self.read_message().map_err(|why| unreadable(table, why))?;
        }
        Ok(true)
    }

    fn read_message(&mut self) -> Result<(), String> {
        let mut json = serde_json::Deserializer::from_str(self.rest);
        let read = Message(&mut self.reading).deserialize(&mut json);
        read.map_err(|error| self.reading.wrong.take().unwrap_or_else(|| error.to_string()))?;
        let behind = json.into_iter::<IgnoredAny>().byte_offset();
        let rest = self.rest.get(behind..).unwrap_or_default().trim_ascii_start();
        self.rest = match rest.strip_prefix(',').map(str::trim_ascii_start) {
            Some(next) if next.starts_with('{') => next,
            None if rest.starts_with(']') => rest,
            Some(_) | None => return Err("its list of messages is broken".to_owned()),
        };
        Ok(())
    }

    /// What it says, once all of it is read.
    pub fn finish(self) -> BodyRead {
        self.reading.finish()
    }
}

fn unreadable(table: Table, why: String) -> UnreadableAnswer {
    UnreadableAnswer { table: table.sql_name(), why }
}

/// A body that is being read.
struct Reading {
    packing: Packing,
    changes: Vec<Change>,
    /// Columns of the message that is being read, in the order in which they came.
    given: Vec<usize>,
    /// The same of the message before: the next one has most likely the same, and they need not be looked for by name.
    expected: Vec<usize>,
    up_to_date: bool,
    must_refetch: bool,
    /// What is wrong, in our words.
    wrong: Option<String>,
}

enum Change {
    /// The next row that is packed.
    Put,
    Patch(RowId, Vec<(usize, Value)>),
    Remove(RowId),
}

impl Reading {
    fn new(table: Table) -> Self {
        Self {
            packing: Packing::new(table),
            changes: Vec::new(),
            given: Vec::new(),
            expected: Vec::new(),
            up_to_date: false,
            must_refetch: false,
            wrong: None,
        }
    }

    /// The column of this name; none where this version of the app does not know it: the server may be newer.
    fn column(&self, name: &str) -> Option<usize> {
        let columns = self.packing.table().columns();
        let expected = self.expected.get(self.given.len()).copied();
        expected
            .filter(|index| columns.get(*index).is_some_and(|column| column.name == name))
            .or_else(|| self.packing.table().column_index(name))
    }

    fn put(&mut self, index: usize, text: Option<&str>) -> Result<(), String> {
        self.given.push(index);
        self.packing.put_pg_text(index, text).map_err(|wrong| {
            let table = self.packing.table();
            format!("{}.{} {wrong}", table.sql_name(), table.columns()[index].name)
        })
    }

    /// The message has ended.
    fn end_message(&mut self, headers: &Headers, key: Option<RowId>) -> Result<(), String> {
        match (headers.operation, headers.control) {
            (Some(operation), _) => self.end_change(operation, key)?,
            (None, Some(Control::UpToDate)) => self.up_to_date = true,
            (None, Some(Control::MustRefetch)) => self.must_refetch = true,
            (None, Some(Control::SnapshotEnd | Control::Other) | None) => {}
        }
        self.packing.begin_row();
        std::mem::swap(&mut self.expected, &mut self.given);
        self.given.clear();
        Ok(())
    }

    fn end_change(&mut self, operation: RowOperation, key: Option<RowId>) -> Result<(), String> {
        let id = match self.packing.value(ID) {
            Some(Value::Uuid(id)) => Some(RowId(id)),
            _ => key,
        };
        let id = id.ok_or("a row without an id")?;
        self.changes.push(match operation {
            RowOperation::Insert => {
                self.packing.put(ID, (&Value::Uuid(id.0)).into());
                self.packing.end_row();
                Change::Put
            }
            RowOperation::Update => {
                let value = |index: &usize| Some((*index, self.packing.value(*index)?));
                Change::Patch(id, self.given.iter().filter_map(value).collect())
            }
            RowOperation::Delete => Change::Remove(id),
        });
        Ok(())
    }

    fn finish(self) -> BodyRead {
        let mut rows = self.packing.finish().into_iter();
        let change = |change| match change {
            Change::Put => rows.next().map(RowChange::Put),
            Change::Patch(id, columns) => Some(RowChange::Patch { id, columns }),
            Change::Remove(id) => Some(RowChange::Remove(id)),
        };
        BodyRead {
            changes: self.changes.into_iter().filter_map(change).collect(),
            up_to_date: self.up_to_date,
            must_refetch: self.must_refetch,
        }
    }
}

const ID: usize = 0;

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
    fn columns_may_come_in_any_order_and_from_newer_servers() {
        let body = format!(
            r#"[{{"headers":{{"operation":"insert","of_next_year":[1]}},"value":{{"id":"{ID}","name":"Elm 4","column_of_next_year":"x","city":"Tul\u0073a"}}}},
                {{"value":{{"city":"Tulsa","name":"Elm 4","id":"{ID}"}},"old_value":{{"city":"?"}},"headers":{{"operation":"insert"}}}},
                {{"key":"\"public\".\"properties\"/\"{ID}\"","headers":{{"operation":"insert"}},"value":{{"city":"Tulsa","name":"Elm 4"}}}}]"#
        );
        let read = read_changes(Table::Properties, body.as_bytes()).unwrap();
        let mut expected = domain::Row::blank(Table::Properties);
        expected.set("id", Value::Uuid(ID.parse().unwrap()));
        expected.set("name", Value::text("Elm 4"));
        expected.set("city", Value::text("Tulsa"));
        assert_eq!(read.changes, vec![RowChange::Put(expected); 3]);
    }

    #[test]
    fn slices_read_the_same_as_the_whole() {
        let rows: Vec<String> = (0..7)
            .map(|n| format!(r#"{{"value":{{"id":"00000000-0000-4000-8000-00000000000{n}"}},"headers":{{"operation":"insert"}}}}"#))
            .collect();
        let body = format!(" [ {} , {{\"headers\":{{\"control\":\"up-to-date\"}}}} ] \n", rows.join(" ,\n"));
        for most in [1, 2, 3, 8, 9] {
            let mut reader = BodyReader::new(Table::Properties, body.as_bytes()).unwrap();
            while reader.read_on(most).unwrap() {}
            assert_eq!(reader.finish(), read_changes(Table::Properties, body.as_bytes()).unwrap(), "{most} at a time");
        }
        assert_eq!(read_changes(Table::Properties, b"[]").unwrap(), BodyRead::default());
    }

    #[test]
    fn a_patch_has_what_was_given_and_nothing_else() {
        let body = format!(r#"[{{"value":{{"id":"{ID}","city":null,"version":"2"}},"headers":{{"operation":"update"}}}}]"#);
        let read = read_changes(Table::Properties, body.as_bytes()).unwrap();
        let column = |name| Table::Properties.column_index(name).unwrap();
        let columns = vec![(0, Value::Uuid(ID.parse().unwrap())), (column("city"), Value::Null), (1, Value::Int(2))];
        assert_eq!(
            read.changes,
            [RowChange::Patch {
                id: ID.parse().unwrap(),
                columns
            }]
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_whole() {
        for body in [
            "",
            "{}",
            "[{}, 1]",
            r#"[{"headers":{"operation":"insert"},"value":{"id":1}}]"#,
            r#"[{"headers":{"control":"up-to-date"}}] []"#,
            r#"[{"headers":{"control":"up-to-date"}}"#,
            r#"[{"headers":{"control":"up-to-date"}},]"#,
            r#"[{"headers":{"control":"up-to-date"}} {"headers":{"control":"up-to-date"}}]"#,
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
