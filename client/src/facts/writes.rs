//! A write as a sentence, and what stands behind it, for the inspector and for a turn's own list.
//!
//! **Invariant:** every write has a sentence, also one to a row that is not here any more.

use super::{fields, names, stage_name, turn_name};
use domain::{Operation, RowId, Table, WriteId};
use serde_json::Value as Json;
use sync::{Change, LocalView, OutboxRecord, WriteState};
use uuid::Uuid;

/// One column of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedColumn {
    /// As on the screen.
    pub label: String,
    /// What its author saw; none for a new row.
    pub from: Option<String>,
    /// What its author wants.
    pub to: String,
    /// What the server has, where it refused.
    pub server: Option<String>,
}

/// “Move 1204 Maple Avenue to In Progress”.
pub fn sentence(view: &LocalView, record: &OutboxRecord) -> String {
    let name = subject(view, record);
    match (record.operation, record.table) {
        (Operation::StageChange, _) => {
            let to = record.changes.get("stage_id").and_then(|change| id_of(&change.to));
            format!(
                "Move {name} to {}",
                to.map_or_else(|| "another stage".to_owned(), |stage| stage_name(view, RowId(stage)))
            )
        }
        (Operation::Create, Table::Turns) => format!("Start a turn of {name}"),
        (Operation::Create, _) => format!("Add {name}"),
        (Operation::Delete, _) => format!("Delete {name}"),
        (Operation::Update, Table::ScopeItems) if record.changes.len() == 1 && record.changes.contains_key("is_done") => {
            let is_done = record.changes["is_done"].to == Json::Bool(true);
            format!("Mark {name} as {}", if is_done { "done" } else { "not done" })
        }
        (Operation::Update, _) => format!("Change {} of {name}", changed_labels(record)),
        (Operation::Approve, _) => format!("Approve {name}"),
        (Operation::Reject, _) => format!("Reject {name}"),
    }
}

/// The columns that the write gives, as people read them.
pub fn changed_columns(view: &LocalView, record: &OutboxRecord) -> Vec<ChangedColumn> {
    let server = record
        .last_error
        .as_ref()
        .and_then(|failure| failure.problem.conflicts.as_ref())
        .map(|conflicts| &conflicts.server_data);
    let show = |column: &str, json: &Json| shown_value(view, record.table, column, json);
    let is_create = record.operation == Operation::Create;
    let says_something = |change: &Change| !change.predicted && (!is_create || !change.to.is_null());
    // What a file is made of says nothing to a person.
    let is_for_people = |column: &str| record.table != Table::Documents || matches!(column, "kind" | "file_name" | "caption" | "taken_at");
    let given = record.changes.iter().filter(|(column, change)| says_something(change) && is_for_people(column));
    given
        .map(|(column, change)| ChangedColumn {
            label: fields::capital(&fields::label(column)),
            from: (!is_create).then(|| show(column, &change.from)),
            to: show(column, &change.to),
            server: server
                .and_then(|row| row.get(column))
                .filter(|theirs| **theirs != change.to)
                .map(|theirs| show(column, theirs)),
        })
        .collect()
}

/// A value of a write, or of an answer, as people read it.
pub fn shown_value(view: &LocalView, table: Table, column: &str, json: &Json) -> String {
    fields::shown_json(table, column, json, |id| names::name_of(view, column, id))
}

/// Where a write stands, in a word or two.
pub fn state_label(state: WriteState) -> &'static str {
    match state {
        WriteState::Pending => "Waiting",
        WriteState::Sending => "Sending",
        WriteState::Acked => "Saved, echo on its way",
        WriteState::Rejected => "Needs you",
        WriteState::Blocked => "Held back",
        WriteState::Held => "With a supervisor",
        WriteState::Settled => "Saved",
        WriteState::Discarded => "Discarded",
    }
}

/// Why it was refused, or not answered.
pub fn reason(record: &OutboxRecord) -> Option<String> {
    if record.state == WriteState::Blocked && record.last_error.is_none() {
        return Some("It builds on a change that was refused.".to_owned());
    }
    let problem = &record.last_error.as_ref()?.problem;
    let of_fields = problem
        .fields
        .iter()
        .map(|(column, wrong)| format!("{} {wrong}", fields::capital(&fields::label(column))));
    let parts: Vec<String> = std::iter::once(fields::capital(&problem.message))
        .chain(of_fields)
        .map(|part| part.trim_end_matches('.').to_owned())
        .collect();
    Some(format!("{}.", parts.join(". ")))
}

/// What a turn is called, also one whose create was refused.
pub fn name_of_turn(view: &LocalView, turn: RowId) -> String {
    let about = view.unsettled_writes(Table::Turns, turn).find_map(|record| turn_of_create(view, record));
    about.unwrap_or_else(|| turn_name(view, turn))
}

/// Beginnings of turns that were refused, in order, with their sentences.
pub fn refused_starts(view: &LocalView) -> Vec<(WriteId, String)> {
    let is_start = |record: &&OutboxRecord| record.table == Table::Turns && record.operation == Operation::Create;
    let mut starts: Vec<&OutboxRecord> = view.writes().filter(is_start).filter(|record| record.state.needs_user()).collect();
    starts.sort_by_key(|record| record.seq);
    starts.into_iter().map(|record| (record.write_id, sentence(view, record))).collect()
}

fn subject(view: &LocalView, record: &OutboxRecord) -> String {
    match record.table {
        Table::Turns => turn_of_create(view, record).unwrap_or_else(|| turn_name(view, record.row_id)),
        Table::ScopeItems => {
            let item = text_of(view, record, "description").map_or_else(|| "a scope item".to_owned(), |text| format!("“{text}”"));
            match turn_of_item(view, record) {
                Some(turn) => format!("{item} in {}", turn_name(view, turn)),
                None => item,
            }
        }
        Table::Properties => text_of(view, record, "name").unwrap_or_else(|| "a property".to_owned()),
        Table::TurnStages => text_of(view, record, "name").unwrap_or_else(|| "a stage".to_owned()),
        Table::PropertyTypes => text_of(view, record, "name").unwrap_or_else(|| "a type of property".to_owned()),
        Table::Vendors => text_of(view, record, "company_name").unwrap_or_else(|| "a vendor".to_owned()),
        Table::Documents => document(view, record),
        Table::Approvals => match turn_of_item(view, record) {
            Some(turn) => format!("an approval of {}", turn_name(view, turn)),
            None => "an approval".to_owned(),
        },
        Table::Notifications => "a notification".to_owned(),
    }
}

fn document(view: &LocalView, record: &OutboxRecord) -> String {
    let is_photo = text_of(view, record, "content_type").is_some_and(|kind| kind.starts_with("image/"));
    match (text_of(view, record, "file_name"), is_photo) {
        (Some(name), true) => format!("photo {name}"),
        (Some(name), false) => name,
        (None, _) => "a document".to_owned(),
    }
}

/// A refused create is not shown as a row; its property still has a name.
fn turn_of_create(view: &LocalView, record: &OutboxRecord) -> Option<String> {
    let property = said(record, "property_id").and_then(id_of)?;
    view.row(Table::Properties, RowId(property))?.text("name").map(str::to_owned)
}

fn turn_of_item(view: &LocalView, record: &OutboxRecord) -> Option<RowId> {
    let in_write = said(record, "turn_id").and_then(id_of).map(RowId);
    let row = || view.row(record.table, record.row_id).or_else(|| view.synced_row(record.table, record.row_id));
    in_write.or_else(|| row()?.row_id("turn_id"))
}

/// A text of the row as it is shown, as it was, as the write gives it, or as its author saw it.
fn text_of(view: &LocalView, record: &OutboxRecord, column: &str) -> Option<String> {
    let in_write = || said(record, column).and_then(Json::as_str);
    let in_row = view
        .row(record.table, record.row_id)
        .or_else(|| view.synced_row(record.table, record.row_id))
        .and_then(|row| row.text(column));
    in_row.or_else(in_write).map(str::to_owned)
}

/// What a write gives to a column, or its author saw there.
fn said<'a>(record: &'a OutboxRecord, column: &str) -> Option<&'a Json> {
    let given = record.changes.get(column).map(|change| &change.to);
    given.or_else(|| record.seen.get(column))
}

fn changed_labels(record: &OutboxRecord) -> String {
    let labels: Vec<String> = record
        .changes
        .iter()
        .filter(|(_, change)| !change.predicted)
        .map(|(column, _)| fields::label(column))
        .collect();
    match labels.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn id_of(json: &Json) -> Option<Uuid> {
    json.as_str().and_then(|text| Uuid::parse_str(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::{self, Field};
    use domain::{DeviceId, Mutation, UserId};
    use serde_json::json;
    use sync::outbox::Author;

    fn write(field: &Field, table: Table, row: RowId, operation: Operation, data: Json) -> OutboxRecord {
        let author = Author {
            user_id: UserId(Field::MANAGER),
            device_id: DeviceId(Uuid::nil()),
            write_id: WriteId(Uuid::from_u128(5)),
            now_ms: 0,
        };
        let mutation = Mutation::read(table, row, operation, data.as_object().expect("an object")).expect("right data");
        let before = field.view.row(table, row).cloned();
        let facts = domain::mutation::Facts {
            current: before.as_ref(),
            ..Default::default()
        };
        let after = mutation.apply(facts, author.user_id, domain::Timestamp::from_millis(0));
        sync::draft(&mutation, before.as_ref(), after.as_ref(), author, &field.view)
    }

    #[test]
    fn a_write_reads_as_what_its_author_did() {
        let mut field = Field::new();
        field.put_item(Field::TURN, 1, "Kitchen", 100, 2_500);
        let item = RowId(Uuid::from_u128(1_001));
        let new = RowId(Uuid::from_u128(1_002));
        let faucet = json!({"turn_id": Field::TURN.to_string(), "room": "Bath", "category": "Plumbing", "description": "New faucet"});
        for (table, row, operation, data, expected) in [
            (
                Table::Turns,
                Field::TURN,
                Operation::StageChange,
                json!({"stage_id": Field::REVIEW.to_string()}),
                "Move 12 Elm Street to Scope Review",
            ),
            (
                Table::Turns,
                Field::TURN,
                Operation::Update,
                json!({"due_date": "2026-12-24", "priority": "high"}),
                "Change due date and priority of 12 Elm Street",
            ),
            (
                Table::ScopeItems,
                item,
                Operation::Update,
                json!({"is_done": true}),
                "Mark “Item 1” in 12 Elm Street as done",
            ),
            (Table::ScopeItems, item, Operation::Delete, json!({}), "Delete “Item 1” in 12 Elm Street"),
            (Table::ScopeItems, new, Operation::Create, faucet, "Add “New faucet” in 12 Elm Street"),
        ] {
            let record = write(&field, table, row, operation, data);
            assert_eq!(sentence(&field.view, &record), expected);
        }
    }

    #[test]
    fn a_write_to_what_is_not_here_reads_by_what_its_author_saw() {
        let mut field = Field::new();
        let turn = json!(Field::TURN.to_string());
        let mut edit = write_to(5, Table::ScopeItems, Operation::Update, &[("is_done", json!(true))]);
        edit.seen = [("turn_id".to_owned(), turn.clone()), ("description".to_owned(), json!("New faucet"))].into();
        assert_eq!(sentence(&field.view, &edit), "Mark “New faucet” in 12 Elm Street as done");
        let approval = write_to(6, Table::Approvals, Operation::Create, &[("turn_id", turn)]);
        assert_eq!(sentence(&field.view, &approval), "Add an approval of 12 Elm Street");
        let start = write_to(7, Table::Turns, Operation::Create, &[("property_id", json!(Field::PROPERTY.to_string()))]);
        let (id, row) = (start.write_id, start.row_id);
        field.view.put_write(start.in_state(WriteState::Rejected));
        assert_eq!(refused_starts(&field.view), [(id, "Start a turn of 12 Elm Street".to_owned())]);
        assert_eq!(name_of_turn(&field.view, row), "12 Elm Street");
    }

    fn write_to(n: u128, table: Table, operation: Operation, given: &[(&str, Json)]) -> OutboxRecord {
        fixture::write(n, table, RowId(Uuid::from_u128(n)), operation, given)
    }

    #[test]
    fn a_refused_write_shows_what_the_server_has() {
        let field = Field::new();
        let mut record = write(&field, Table::Turns, Field::TURN, Operation::Update, json!({"estimated_amount": "5200.00"}));
        let server_data = json!({"estimated_amount": "6100.00"}).as_object().cloned().expect("an object");
        let conflicts = protocol::Conflicts {
            local_version: Some(1),
            server_version: 2,
            local_data: Default::default(),
            server_data,
        };
        let problem = protocol::Problem {
            conflicts: Some(Box::new(conflicts)),
            ..protocol::Problem::new(protocol::ProblemCode::Conflict, "somebody else changed it")
        };
        record.last_error = Some(sync::Failure { problem, at_ms: 0 });
        let columns = changed_columns(&field.view, &record);
        let expected = ChangedColumn {
            label: "Estimated amount".into(),
            from: Some("nothing".into()),
            to: "$5,200.00".into(),
            server: Some("$6,100.00".into()),
        };
        assert_eq!(columns, [expected]);
        assert_eq!(reason(&record).as_deref(), Some("Somebody else changed it."));
    }
}
