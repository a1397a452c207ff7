//! What a caller asks for, read from untrusted JSON.
//!
//! **Invariant:** two requests with the same [`Intent::digest`] ask for the same thing. The base of the write
//! (`version`, `after`) is not part of it: a device may rebase a write and send it again under its id.

use data_encoding::HEXLOWER;
use domain::{Operation, RowId, Table, WriteId};
use protocol::{Problem, ProblemCode, WireWrite, WriteMetadata};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

/// One write, as asked for.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Which table.
    pub table: Table,
    /// Which row.
    pub row_id: RowId,
    /// What is to be done.
    pub operation: Operation,
    /// The idempotency key.
    pub write_id: WriteId,
    /// The version that the author saw.
    pub version: Option<i64>,
    /// Column → value, not yet checked.
    pub data: Map<String, Json>,
    /// What a decision says beside its row.
    pub metadata: WriteMetadata,
    /// The writes that this one builds on.
    pub after: Vec<WriteId>,
}

/// What could not be read, with the write's id where that much could be.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// Which write.
    pub write_id: Option<WriteId>,
    /// What is wrong with it.
    pub problem: Problem,
}

impl Intent {
    /// Reads a write to a table named by the URL, or by the write itself. `new_id` is its id if it brings none.
    pub fn read(json: Json, table: Option<Table>, new_id: WriteId) -> Result<Self, Unreadable> {
        let write_id = json.get("writeId").and_then(Json::as_str).and_then(|id| id.parse().ok());
        Self::read_named(json, table, new_id).map_err(|problem| Unreadable { write_id, problem })
    }

    fn read_named(json: Json, table: Option<Table>, new_id: WriteId) -> Result<Self, Problem> {
        let invalid = |message: String| Problem::new(ProblemCode::Validation, message);
        let wire: WireWrite = serde_json::from_value(json).map_err(|error| invalid(format!("this is not a write: {error}")))?;
        let table = match (table, &wire.table) {
            (Some(table), _) => table,
            (None, Some(name)) => Table::from_name(name).ok_or_else(|| unknown_table(name))?,
            (None, None) => return Err(invalid("say which table with “table”".to_owned())),
        };
        let row_id = wire
            .named_row()
            .ok_or_else(|| invalid(format!("say which row with “rowId” or “{}Id”", table.row_name())))?;
        let WireWrite {
            operation,
            write_id,
            version,
            data,
            metadata,
            after,
            ..
        } = wire;
        Ok(Self {
            table,
            row_id,
            operation,
            write_id: write_id.unwrap_or(new_id),
            version,
            data,
            metadata,
            after,
        })
    }

    /// As it travels in a batch.
    pub fn to_wire(&self) -> WireWrite {
        WireWrite {
            table: Some(self.table.url_name().to_owned()),
            operation: self.operation,
            write_id: Some(self.write_id),
            row_id: Some(self.row_id),
            version: self.version,
            data: self.data.clone(),
            metadata: self.metadata.clone(),
            after: self.after.clone(),
        }
    }

    /// SHA-256 over what is asked for, with sorted keys, in hex.
    pub fn digest(&self) -> String {
        let mut data = self.data.clone();
        // Naming the row in the data says nothing more than naming it beside.
        data.remove("id");
        let mut content = vec![
            Json::from(self.table.sql_name()),
            serde_json::to_value(self.operation).unwrap_or_default(),
            Json::from(self.row_id.to_string()),
            sorted(Json::Object(data)),
        ];
        // Left out where it is empty, so that older receipts keep their digests.
        if !self.metadata.is_empty() {
            content.push(serde_json::to_value(&self.metadata).map(sorted).unwrap_or_default());
        }
        let content = Json::from(content);
        HEXLOWER.encode(&Sha256::digest(content.to_string().as_bytes()))
    }
}

/// The problem of a table that is not there.
pub fn unknown_table(name: &str) -> Problem {
    Problem::new(ProblemCode::NotFound, format!("there is no table “{name}”"))
}

/// `serde_json` keeps keys sorted or as they came, depending on a feature that any dependency can switch on.
fn sorted(json: Json) -> Json {
    match json {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(values) => Json::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    const ID: &str = "01990000-0000-7000-8000-000000000001";

    fn read(json: Json) -> Result<Intent, Unreadable> {
        Intent::read(json, Some(Table::Turns), WriteId(Uuid::from_u128(1)))
    }

    #[test]
    fn the_digest_is_of_what_is_asked_for() {
        let base = read(json!({"operation": "update", "turnId": ID, "version": 3, "data": {"notes": "a", "priority": "low"}})).unwrap();
        let same = read(json!({"operation": "update", "rowId": ID, "version": 9, "after": [ID], "data": {"priority": "low", "notes": "a", "id": ID}})).unwrap();
        assert_eq!(base.digest(), same.digest());
        let other = read(json!({"operation": "update", "rowId": ID, "data": {"priority": "low", "notes": "b"}})).unwrap();
        assert_ne!(base.digest(), other.digest());
    }

    #[test]
    fn what_cannot_be_read_still_says_which_write_it_was() {
        let unreadable = read(json!({"operation": "bless", "writeId": ID, "rowId": ID})).unwrap_err();
        assert_eq!(unreadable.write_id, Some(ID.parse().unwrap()));
        for wrong in [
            json!(null),
            json!([]),
            json!({"operation": "update"}),
            json!({"operation": "update", "rowId": "me"}),
            json!("x"),
        ] {
            assert_eq!(read(wrong.clone()).unwrap_err().problem.code, ProblemCode::Validation, "{wrong}");
        }
    }
}
