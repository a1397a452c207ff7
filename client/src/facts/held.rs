//! A write that waits for a supervisor, as the writes of this device are read.

use super::writes::{self, ChangedColumn};
use browser::HeldWrite;
use domain::{DeviceId, Row, Table, UserId};
use protocol::{Conflicts, Problem, ProblemCode};
use serde_json::{Map, Value as Json};
use sync::{Change, Failure, LocalView, OutboxRecord, outbox::Author};
use uuid::Uuid;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// What its author did.
    pub sentence: String,
    /// Each value: as its author saw it, wants it, and as it stands.
    pub columns: Vec<ChangedColumn>,
    /// The version that the supervisor looks at.
    pub version: Option<i64>,
}

/// Reads one; none where it is about a table that only a newer app knows.
pub fn held(view: &LocalView, write: &HeldWrite) -> Option<Held> {
    let record = as_record(write)?;
    let columns = writes::changed_columns(view, &record);
    Some(Held {
        sentence: writes::sentence(view, &record),
        columns,
        version: standing(write, record.table).map(|row| row.version()),
    })
}

fn as_record(write: &HeldWrite) -> Option<OutboxRecord> {
    let table = Table::from_name(&write.table)?;
    let author = Author {
        user_id: UserId(Uuid::nil()),
        device_id: DeviceId(Uuid::nil()),
        write_id: write.write_id,
        now_ms: 0,
    };
    let from = |column: &str| write.base.as_ref().and_then(|base| base.get(column)).cloned().unwrap_or_default();
    let change = |(column, to): (&String, &Json)| {
        let change = Change {
            from: from(column),
            to: to.clone(),
            predicted: false,
        };
        (column.clone(), change)
    };
    let mut record = OutboxRecord::new(author, table, write.row_id, write.write.operation);
    record.changes = write.write.data.iter().filter(|(column, _)| *column != "id").map(change).collect();
    record.last_error = standing(write, table).map(|row| Failure {
        problem: Problem {
            conflicts: Some(Box::new(Conflicts {
                local_version: write.write.version,
                server_version: row.version(),
                local_data: Map::new(),
                server_data: row.to_json(),
            })),
            ..Problem::new(ProblemCode::Quarantined, write.reason.clone())
        },
        at_ms: 0,
    });
    Some(record)
}

/// The row itself as it stands; of a create there is only the one that it would belong to.
fn standing(write: &HeldWrite, table: Table) -> Option<Row> {
    let row = Row::from_json(table, write.row.as_ref()?).ok()?;
    (row.id() == write.row_id).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::Field;
    use serde_json::json;

    #[test]
    fn a_held_write_reads_as_its_author_made_it_beside_what_stands() {
        let field = Field::new();
        let write: HeldWrite = serde_json::from_value(json!({
            "writeId": Uuid::from_u128(5), "author": {"id": Uuid::from_u128(6), "name": "Maria"}, "table": "turns", "rowId": Field::TURN,
            "write": {"operation": "update", "rowId": Field::TURN, "version": 3, "data": {"priority": "high"}},
            "reason": "this turn is not one of yours any more", "heldAt": "2026-11-23T20:00:00Z",
            "base": {"id": Field::TURN, "version": 3, "priority": "low"}, "row": {"id": Field::TURN, "version": 4, "priority": "urgent"},
        }))
        .expect("a held write");
        let held = held(&field.view, &write).expect("a known table");
        assert_eq!((held.sentence.as_str(), held.version), ("Change priority of 12 Elm Street", Some(4)));
        let column = &held.columns[0];
        assert_eq!(
            (column.from.as_deref(), column.to.as_str(), column.server.as_deref()),
            (Some("low"), "high", Some("urgent"))
        );
    }
}
