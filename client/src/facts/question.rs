//! What a parked write asks of its user: both sides, field by field, and what hangs on the answer.
//!
//! **Invariant:** a question shows the newest that this device knows of the other side, from the refusal or from the shape.

use super::{fields, writes};
use domain::{Operation, Row, Table, WriteId, schema::Column};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use sync::{
    LocalView, OutboxRecord,
    outbox::resolve::{self, descendants},
};

/// One parked write, as its user is asked about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Which write.
    pub write: WriteId,
    /// To which table.
    pub table: Table,
    /// What its author did.
    pub sentence: String,
    /// Why it did not go.
    pub reason: Option<String>,
    /// What there is to decide.
    pub kind: Kind,
    /// The values that it gives.
    pub values: Vec<Given>,
    /// What builds on it, in sentences.
    pub goes_with: Vec<String>,
}

/// What there is to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two people changed the same: there are two sides.
    TwoSides,
    /// Mine would delete what somebody has changed since.
    DeleteOrKeep,
    /// What mine changes was deleted.
    Deleted {
        /// Whether enough is known to make it again.
        can_be_made_again: bool,
    },
    /// Mine deletes what was deleted already.
    AlreadyGone,
    /// Mine makes what somebody has made already.
    SameThing {
        /// Whether theirs is there to go on with.
        is_known: bool,
    },
    /// The server refuses it: other values may help, or nothing does.
    Refused,
    /// Another write must be decided first.
    After(WriteId),
}

/// One value of a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Which column.
    pub column: &'static str,
    /// As on the screen.
    pub label: String,
    /// What the author saw; none for a new row.
    pub base: Option<String>,
    /// What the author wants.
    pub mine: String,
    /// The same, as it is typed.
    pub typed: String,
    /// What the server has.
    pub theirs: Option<String>,
    /// The same, as it travels.
    pub their_json: Option<Json>,
    /// Whether the write gives it; what it does not give is what the decision rests on.
    pub is_given: bool,
    /// Both sides have it otherwise than it was: somebody must decide.
    pub is_contested: bool,
    /// What the server says about it.
    pub problem: Option<String>,
}

/// Everything of this user's that needs them, the oldest first: the order in which a day is worked through.
pub fn open_questions(outbox: &[OutboxRecord]) -> Vec<WriteId> {
    outbox.iter().filter(|record| record.state.needs_user()).map(|record| record.write_id).collect()
}

/// The question about one write; none where it needs nobody any more.
pub fn question(view: &LocalView, outbox: &[OutboxRecord], write: WriteId) -> Option<Question> {
    let record = outbox.iter().find(|record| record.write_id == write && record.state.needs_user())?;
    let theirs = theirs(view, record);
    let sentence_of = |id: &WriteId| outbox.iter().find(|record| record.write_id == *id).map(|record| writes::sentence(view, record));
    Some(Question {
        write,
        table: record.table,
        sentence: writes::sentence(view, record),
        reason: writes::reason(record),
        kind: kind(outbox, record, theirs.as_ref()),
        values: values(view, record, theirs.as_ref()),
        goes_with: descendants(outbox, write).iter().filter_map(sentence_of).collect(),
    })
}

fn kind(outbox: &[OutboxRecord], record: &OutboxRecord, theirs: Option<&Row>) -> Kind {
    let parked = |id: &&WriteId| outbox.iter().any(|other| other.write_id == **id && other.state.needs_user());
    if let Some(first) = record.depends_on.iter().find(parked) {
        return Kind::After(*first);
    }
    match resolve::question(record, theirs) {
        resolve::Question::Clash { .. } => Kind::TwoSides,
        resolve::Question::EditedMeanwhile => Kind::DeleteOrKeep,
        resolve::Question::DeletedMeanwhile { can_be_made_again } => Kind::Deleted { can_be_made_again },
        resolve::Question::AlreadyGone => Kind::AlreadyGone,
        resolve::Question::SameThing { other, .. } => Kind::SameThing { is_known: other.is_some() },
        resolve::Question::None | resolve::Question::Refused => Kind::Refused,
    }
}

/// The other side: the newest of this row, or the row that was there already.
fn theirs(view: &LocalView, record: &OutboxRecord) -> Option<Row> {
    let newest = resolve::newest(record, view.synced_row(record.table, record.row_id));
    match resolve::question(record, newest.as_ref()) {
        resolve::Question::SameThing { other, .. } => other,
        _ => newest,
    }
}

fn values(view: &LocalView, record: &OutboxRecord, theirs: Option<&Row>) -> Vec<Given> {
    let is_create = record.operation == Operation::Create;
    let contested = match resolve::question(record, theirs) {
        resolve::Question::Clash { columns } => columns,
        _ => Vec::new(),
    };
    let no_problems = BTreeMap::new();
    let problems = record.last_error.as_ref().map_or(&no_problems, |failure| &failure.problem.fields);
    let says_something = |name: &&String| {
        let change = &record.changes[*name];
        let is_given = !change.predicted && (!is_create || !change.to.is_null());
        is_given || problems.contains_key(*name)
    };
    let given: BTreeSet<&String> = record.changes.keys().filter(says_something).chain(&contested).collect();
    let columns = given.into_iter().filter_map(|name| record.table.column(name));
    columns
        .map(|column| value(view, record, column, theirs, contested.iter().any(|name| name == column.name)))
        .collect()
}

fn value(view: &LocalView, record: &OutboxRecord, column: &'static Column, theirs: Option<&Row>, is_contested: bool) -> Given {
    let name = column.name;
    let show = |json: &Json| writes::shown_value(view, record.table, name, json);
    let change = record.changes.get(name);
    // What is not given itself is what the decision rests on: it was seen, and stays as it was seen.
    let seen = record.seen.get(name).unwrap_or(&Json::Null);
    let (from, to) = change.map_or((seen, seen), |change| (&change.from, &change.to));
    let their_json = theirs.map(|row| row.get(name).to_json(column.kind));
    let problems = record.last_error.as_ref().map(|failure| &failure.problem.fields);
    Given {
        column: name,
        label: fields::capital(&fields::label(name)),
        base: (record.operation != Operation::Create).then(|| show(from)),
        mine: show(to),
        typed: fields::typed_form(column, to),
        theirs: their_json.as_ref().map(show),
        their_json,
        is_given: change.is_some(),
        is_contested,
        problem: problems.and_then(|problems| Some(fields::capital(&format!("{} {}", fields::label(name), problems.get(name)?)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::Field;
    use domain::{DeviceId, UserId};
    use protocol::{Conflicts, Problem, ProblemCode};
    use serde_json::{Map, json};
    use sync::{Change, Failure, WriteState, outbox::Author};
    use uuid::Uuid;

    fn parked(n: u128, operation: Operation, changes: &[(&str, Json, Json)], problem: Problem) -> OutboxRecord {
        let author = Author {
            user_id: UserId(Field::MANAGER),
            device_id: DeviceId(Uuid::nil()),
            write_id: WriteId(Uuid::from_u128(n)),
            now_ms: 0,
        };
        let change = |(name, from, to): &(&str, Json, Json)| {
            let change = Change {
                from: from.clone(),
                to: to.clone(),
                predicted: false,
            };
            ((*name).to_owned(), change)
        };
        OutboxRecord {
            seq: n as u64,
            changes: changes.iter().map(change).collect(),
            last_error: Some(Failure { problem, at_ms: 0 }),
            ..OutboxRecord::new(author, Table::Turns, Field::TURN, operation)
        }
        .in_state(WriteState::Rejected)
    }

    fn conflict(version: i64, server_data: Json) -> Problem {
        let mut data: Map<String, Json> = server_data.as_object().cloned().unwrap_or_default();
        data.insert("id".into(), json!(Field::TURN.to_string()));
        data.insert("version".into(), json!(version));
        Problem {
            conflicts: Some(Box::new(Conflicts {
                local_version: Some(1),
                server_version: version,
                local_data: Map::new(),
                server_data: data,
            })),
            ..Problem::new(ProblemCode::Conflict, "somebody else changed this first")
        }
    }

    #[test]
    fn both_sides_stand_beside_what_was() {
        let field = Field::new();
        let problem = conflict(2, json!({"priority": "urgent", "notes": "Keys"}));
        let changes = [("priority", json!("low"), json!("high")), ("notes", json!("Keys"), json!("Gate code"))];
        let outbox = [parked(1, Operation::Update, &changes, problem)];
        let asked = question(&field.view, &outbox, outbox[0].write_id).expect("a question");
        assert_eq!(asked.kind, Kind::TwoSides);
        let told: Vec<_> = asked
            .values
            .iter()
            .map(|value| (value.label.as_str(), value.mine.as_str(), value.theirs.as_deref(), value.is_contested))
            .collect();
        assert_eq!(told, [("Notes", "Gate code", Some("Keys"), false), ("Priority", "high", Some("urgent"), true)]);
    }

    #[test]
    fn what_the_shape_has_brought_since_is_the_other_side() {
        let mut field = Field::new();
        let outbox = [parked(
            1,
            Operation::Update,
            &[("notes", json!(null), json!("Mine"))],
            conflict(2, json!({"notes": "Theirs"})),
        )];
        let mut newer = crate::facts::fixture::row(Table::Turns, Field::TURN);
        newer.set("version", domain::Value::Int(3));
        newer.set("notes", domain::Value::text("Newer"));
        field.put(newer);
        let asked = question(&field.view, &outbox, outbox[0].write_id).expect("a question");
        assert_eq!(asked.values[0].theirs.as_deref(), Some("Newer"));
    }

    #[test]
    fn a_delete_of_what_was_changed_and_a_change_of_what_is_gone_are_other_questions() {
        let field = Field::new();
        let gone = Problem::new(ProblemCode::NotFound, "this turn is not there any more");
        for (operation, problem, kind) in [
            (Operation::Delete, conflict(2, json!({})), Kind::DeleteOrKeep),
            (Operation::Update, gone.clone(), Kind::Deleted { can_be_made_again: false }),
            (Operation::Delete, gone, Kind::AlreadyGone),
            (Operation::Update, Problem::new(ProblemCode::Validation, "not right"), Kind::Refused),
        ] {
            let outbox = [parked(1, operation, &[], problem)];
            assert_eq!(question(&field.view, &outbox, outbox[0].write_id).expect("a question").kind, kind);
        }
    }

    #[test]
    fn what_is_held_back_says_what_comes_first_and_what_goes_with_it() {
        let field = Field::new();
        let first = parked(1, Operation::Update, &[], Problem::new(ProblemCode::Permission, "no"));
        let mut second = parked(
            2,
            Operation::Update,
            &[("notes", json!(null), json!("Mine"))],
            Problem::new(ProblemCode::Blocked, "waits"),
        );
        second.depends_on = vec![first.write_id];
        let outbox = [first, second.in_state(WriteState::Blocked)];
        assert_eq!(open_questions(&outbox).len(), 2);
        assert_eq!(
            question(&field.view, &outbox, outbox[1].write_id).expect("a question").kind,
            Kind::After(outbox[0].write_id)
        );
        assert_eq!(
            question(&field.view, &outbox, outbox[0].write_id).expect("a question").goes_with,
            ["Change notes of 12 Elm Street"]
        );
        assert_eq!(question(&field.view, &outbox, WriteId(Uuid::from_u128(9))), None);
    }
}
