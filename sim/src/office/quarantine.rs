//! Writes whose authors have lost sight of the row: held, adopted, refused, as the server's `write/quarantine` does.
//!
//! **Invariant:** a held write is applied by its receipt and nothing else; asked about again, it gets the same answer.

use super::{Office, refusal, write::Intent};
use domain::{Operation, Row, RowId, Table, Timestamp, UserId, WriteId, schema::SetBy};
use protocol::{Problem, ProblemCode, User, WireWrite};

/// A write that waits for a supervisor, or did.
#[derive(Clone)]
pub(super) struct Held {
    author: UserId,
    table: Table,
    row_id: RowId,
    wire: WireWrite,
    at: Timestamp,
    state: State,
}

#[derive(Clone, PartialEq)]
enum State {
    Waiting,
    Adopted,
    Refused(String),
}

impl Office {
    /// What a write's author is told instead of this refusal.
    pub(super) fn instead_of(&mut self, intent: &Intent<'_>, refusal: Box<Problem>) -> Box<Problem> {
        if !may_be_withdrawal(intent, &refusal) {
            return refusal;
        }
        if let Some(known) = self.held.get(&intent.write_id) {
            return as_it_stands(intent, known, refusal);
        }
        if !self.was_withdrawn(intent) {
            return refusal;
        }
        let held = Held {
            author: intent.viewer.user,
            table: intent.table,
            row_id: intent.row_id,
            wire: intent.wire.clone(),
            at: intent.at,
            state: State::Waiting,
        };
        self.held.insert(intent.write_id, held);
        is_held()
    }

    /// What waits for a decision and was not applied meanwhile, the oldest first.
    pub(super) fn waiting(&self) -> Vec<WriteId> {
        let is_open = |(id, held): &(&WriteId, &Held)| held.state == State::Waiting && !self.receipts.contains_key(id);
        let mut waiting: Vec<_> = self.held.iter().filter(is_open).map(|(id, held)| (held.at, *id)).collect();
        waiting.sort_unstable();
        waiting.into_iter().map(|(_, id)| id).collect()
    }

    /// Carries a held write out with the supervisor's rights; the receipt is its author's.
    pub(super) fn adopt_held(&mut self, supervisor: &User, id: WriteId, looked_at: Option<i64>, at: Timestamp) -> Result<(), Box<Problem>> {
        let held = self.held_by(id)?;
        if let Some(receipt) = self.receipts.get(&id) {
            return if receipt.author == held.author { Ok(()) } else { Err(decided_already()) };
        }
        if matches!(held.state, State::Refused(_)) {
            return Err(decided_already());
        }
        let author = self.person(held.author).map(User::viewer).ok_or_else(unknown)?;
        let mut intent = Intent {
            viewer: supervisor.viewer(),
            table: held.table,
            row_id: held.row_id,
            write_id: id,
            wire: &held.wire,
            at,
        };
        let rebased = self.rebase(&intent, held.author, looked_at)?;
        intent.wire = &rebased;
        let (before, after) = self.decision(&intent)?;
        self.apply(&intent, author, before, after);
        if let Some(held) = self.held.get_mut(&id) {
            held.state = State::Adopted;
        }
        Ok(())
    }

    /// Refuses a held write; its author is told why.
    pub(super) fn refuse_held(&mut self, id: WriteId, reason: &str) -> Result<(), Box<Problem>> {
        let is_applied = self.receipts.contains_key(&id);
        let held = self.held.get_mut(&id).ok_or_else(unknown)?;
        if is_applied {
            return Err(decided_already());
        }
        if held.state == State::Waiting {
            held.state = State::Refused(reason.to_owned());
        }
        Ok(())
    }

    fn held_by(&self, id: WriteId) -> Result<Held, Box<Problem>> {
        self.held.get(&id).cloned().ok_or_else(unknown)
    }

    /// The same write on the row as it stands, where that may be.
    fn rebase(&self, intent: &Intent<'_>, author: UserId, looked_at: Option<i64>) -> Result<WireWrite, Box<Problem>> {
        let mut rebased = intent.wire.clone();
        rebased.version = self.expected_version(author, intent)?;
        rebased.after = vec![];
        let now = self.find(intent.table, intent.row_id);
        let Some(now) = now.filter(|_| intent.operation() != Operation::Create) else {
            return Ok(rebased);
        };
        if looked_at.is_some() {
            rebased.version = looked_at;
        } else if rebased.version != Some(now.version()) {
            if !self.is_untouched(intent, rebased.version, now) {
                return Err(refusal::conflict(intent, rebased.version, now));
            }
            rebased.version = Some(now.version());
        }
        Ok(rebased)
    }

    /// Whether what the write changes is as its author saw it.
    fn is_untouched(&self, intent: &Intent<'_>, seen: Option<i64>, now: &Row) -> bool {
        let Some(then) = seen.and_then(|seen| self.at_version(now, seen)) else {
            return false;
        };
        let is_removed = intent.operation() == Operation::Delete;
        let columns = intent.table.columns().iter();
        let mut touched = columns.filter(|column| intent.wire.data.contains_key(column.name) || (is_removed && column.set_by != SetBy::Server));
        touched.all(|column| then.get(column.name) == now.get(column.name))
    }
}

/// Not allowed; or made under a row that its author does not see, which is told as a wrong value.
fn may_be_withdrawal(intent: &Intent<'_>, refusal: &Problem) -> bool {
    let parent = intent.table.parent_column().filter(|_| intent.operation() == Operation::Create);
    match refusal.code {
        ProblemCode::Permission => true,
        ProblemCode::Validation => parent.is_some_and(|column| refusal.fields.contains_key(column)),
        _ => false,
    }
}

fn as_it_stands(intent: &Intent<'_>, known: &Held, refusal: Box<Problem>) -> Box<Problem> {
    if known.author != intent.viewer.user {
        return refusal;
    }
    let is_same = (known.table, known.row_id) == (intent.table, intent.row_id) && intent.asks_for(&known.wire);
    match &known.state {
        State::Waiting if is_same => is_held(),
        State::Waiting => refusal::problem(ProblemCode::Validation, "this write waits for a supervisor as it was sent first"),
        State::Refused(reason) => refusal::problem(ProblemCode::Permission, &format!("a supervisor refused this: {reason}")),
        State::Adopted => refusal,
    }
}

fn is_held() -> Box<Problem> {
    refusal::problem(ProblemCode::Quarantined, "this is not yours to change any more; a supervisor will look")
}

fn unknown() -> Box<Problem> {
    refusal::problem(ProblemCode::NotFound, "no such change waits for you")
}

fn decided_already() -> Box<Problem> {
    refusal::problem(ProblemCode::Conflict, "this was decided already")
}
