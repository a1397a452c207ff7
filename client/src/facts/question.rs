//! What a parked write asks of its user: both sides, field by field, and what hangs on the answer.
//!
//! **Invariant:** a question shows the newest that this device knows of the other side, from the refusal or from the shape.

mod given;

pub use given::{Given, Input};

use super::writes;
use domain::{Row, Table, WriteId};
use sync::{
    LocalView, OutboxRecord,
    outbox::resolve::{self, descendants},
};

/// One parked write, as its user is asked about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Which write.
    pub write: WriteId,
    /// Its place in the order of the device.
    pub seq: u64,
    /// Which one of those that need its user it is, from one, and how many there are.
    pub place: (usize, usize),
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

/// Everything of this user's that needs them, the oldest first: the order in which a day is worked through.
pub fn open_questions(outbox: &[OutboxRecord]) -> Vec<WriteId> {
    outbox.iter().filter(|record| record.state.needs_user()).map(|record| record.write_id).collect()
}

/// The question about one write; none where it needs nobody any more.
pub fn question(view: &LocalView, outbox: &[OutboxRecord], write: WriteId) -> Option<Question> {
    let record = outbox.iter().find(|record| record.write_id == write && record.state.needs_user())?;
    let theirs = theirs(view, record);
    let kind = kind(outbox, record, theirs.as_ref());
    let open = open_questions(outbox);
    let sentence_of = |id: &WriteId| outbox.iter().find(|record| record.write_id == *id).map(|record| writes::sentence(view, record));
    Some(Question {
        write,
        seq: record.seq,
        place: (open.iter().take_while(|id| **id != write).count() + 1, open.len()),
        table: record.table,
        sentence: writes::sentence(view, record),
        reason: writes::reason(record),
        kind,
        values: given::values(view, record, theirs.as_ref(), kind),
        goes_with: descendants(outbox, write).iter().filter_map(sentence_of).collect(),
    })
}

/// The question to go on with after the one at `seq`, round from the last to the first: one that can be answered before one that waits for
/// another's answer.
pub fn next_after(outbox: &[OutboxRecord], seq: u64) -> Option<WriteId> {
    let others = outbox.iter().filter(|record| record.state.needs_user() && record.seq != seq);
    let next = others.min_by_key(|record| (comes_after(outbox, record).is_some(), record.seq < seq, record.seq));
    next.map(|record| record.write_id)
}

/// What becomes of what builds on a write, in words: it depends on the answer.
pub const fn of_followers(kind: Kind) -> &'static str {
    match kind {
        Kind::TwoSides | Kind::DeleteOrKeep => "These changes build on it. They are kept and merged with what you decide here; Discard takes them back too:",
        Kind::Deleted { can_be_made_again: true } => "These changes build on it. They go on with what is made again; Discard takes them back too:",
        Kind::SameThing { is_known: true } => "These changes build on it. They go on with theirs; Discard takes them back too:",
        Kind::SameThing { .. } | Kind::Refused => "These changes build on it. They are sent after it; Discard takes them back too:",
        Kind::Deleted { .. } | Kind::AlreadyGone => "These changes build on it and are taken back with it:",
        Kind::After(_) => "These changes build on it too:",
    }
}

/// The refused write that must be answered before this one.
fn comes_after(outbox: &[OutboxRecord], record: &OutboxRecord) -> Option<WriteId> {
    let parked = |id: &&WriteId| outbox.iter().any(|other| other.write_id == **id && other.state.needs_user());
    record.depends_on.iter().find(parked).copied()
}

fn kind(outbox: &[OutboxRecord], record: &OutboxRecord, theirs: Option<&Row>) -> Kind {
    if let Some(first) = comes_after(outbox, record) {
        return Kind::After(first);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::Field;
    use domain::{DeviceId, Operation, UserId};
    use protocol::{Conflicts, Problem, ProblemCode};
    use serde_json::{Map, Value as Json, json};
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

    #[test]
    fn the_next_question_is_one_that_can_be_answered() {
        let refusal = || Problem::new(ProblemCode::Validation, "no");
        let mut outbox: Vec<OutboxRecord> = (1..=5).map(|n| parked(n, Operation::Update, &[], refusal())).collect();
        outbox[1].depends_on = vec![outbox[0].write_id];
        outbox[1].state = WriteState::Blocked;
        outbox[3].state = WriteState::Pending;
        let next = |outbox: &[OutboxRecord], seq| next_after(outbox, seq).map(|id| id.0.as_u128());
        assert_eq!(
            (next(&outbox, 1), next(&outbox, 3), next(&outbox, 5)),
            (Some(3), Some(5), Some(1)),
            "the second waits for the first"
        );
        // The first is answered, and has let the second go: there is still a day to work through.
        outbox[0].state = WriteState::Pending;
        assert_eq!(next(&outbox, 1), Some(2), "nothing holds the second any more");
        outbox[1].state = WriteState::Pending;
        assert_eq!((next(&outbox, 1), next(&outbox[..1], 1)), (Some(3), None));
    }

    #[test]
    fn a_delete_is_asked_about_beside_what_it_would_delete() {
        let field = Field::new();
        let mut delete = parked(1, Operation::Delete, &[], conflict(2, json!({"notes": "Keys", "priority": "low"})));
        delete.seen = [("notes".to_owned(), Json::Null), ("priority".to_owned(), json!("low"))].into();
        let asked = question(&field.view, &[delete], WriteId(Uuid::from_u128(1))).expect("a question");
        let told: Vec<_> = asked
            .values
            .iter()
            .map(|value| {
                (
                    value.column,
                    value.base.as_deref(),
                    value.mine.as_str(),
                    value.theirs.as_deref(),
                    value.is_contested,
                )
            })
            .collect();
        let expected = [
            ("notes", Some("nothing"), "deleted", Some("Keys"), true),
            ("priority", Some("low"), "deleted", Some("low"), false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_stage_change_says_which_vendor_it_would_go_with_and_sends_none() {
        let field = Field::new();
        let (mine, theirs) = (Uuid::from_u128(30).to_string(), Uuid::from_u128(31).to_string());
        let stages = (json!(Field::DRAFT.to_string()), json!(Field::REVIEW.to_string()));
        let problem = conflict(2, json!({"vendor_id": theirs, "stage_id": stages.0}));
        let mut moved = parked(1, Operation::StageChange, &[("stage_id", stages.0, stages.1)], problem);
        moved.seen = [("vendor_id".to_owned(), json!(mine))].into();
        let asked = question(&field.view, &[moved], WriteId(Uuid::from_u128(1))).expect("a question");
        let told: Vec<_> = asked
            .values
            .iter()
            .map(|value| (value.column, value.may_choose, value.input == Input::Fixed))
            .collect();
        assert_eq!(told, [("stage_id", true, false), ("vendor_id", false, true)]);
        assert_eq!(asked.values[1].mine, given::AS_IT_IS);
    }
}
