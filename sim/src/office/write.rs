//! One write: answered as before, applied, held or refused, as the server's `write/apply` and `write/receipt` do.
//!
//! **Invariant:** an applied write's answer never changes; a refusal leaves nothing but what is held.

use super::{Office, Stored, refusal};
use crate::{server::Applied, wrong::Wrong};
use domain::{Operation, Row, RowId, Table, Timestamp, Viewer, WriteId};
use protocol::{Problem, ProblemCode, WireWrite, WriteAnswer};
use serde_json::{Map, Value as Json};

/// One write that is being decided or carried out.
pub(super) struct Intent<'a> {
    pub viewer: Viewer,
    pub table: Table,
    pub row_id: RowId,
    pub write_id: WriteId,
    pub wire: &'a WireWrite,
    pub at: Timestamp,
}

pub(super) type Decided = Result<(Option<Row>, Option<Row>), Box<Problem>>;

impl Office {
    /// One write of a batch that is not atomic.
    pub(super) fn write_one(&mut self, viewer: Viewer, json: &Json, at: Timestamp) -> WriteAnswer {
        let Ok(wire) = serde_json::from_value::<WireWrite>(json.clone()) else {
            let write_id = json["writeId"].as_str().and_then(|id| id.parse().ok());
            return WriteAnswer::refused(write_id, Problem::new(ProblemCode::Validation, "this is not a write"));
        };
        let table = wire.table.as_deref().map(Table::from_name);
        if table == Some(None) {
            return WriteAnswer::refused(wire.write_id, Problem::new(ProblemCode::NotFound, "there is no such table"));
        }
        let named = (table.flatten(), wire.named_row(), wire.write_id);
        let (Some(table), Some(row_id), Some(write_id)) = named else {
            return WriteAnswer::refused(wire.write_id, Problem::new(ProblemCode::Validation, "say which table and row"));
        };
        let intent = Intent {
            viewer,
            table,
            row_id,
            write_id,
            wire: &wire,
            at,
        };
        match self.replayed(&intent).unwrap_or_else(|| self.apply_or_hold(&intent)) {
            Ok(answer) => answer,
            Err(problem) => WriteAnswer::refused(Some(write_id), *problem),
        }
    }

    /// The answer of the time when it was applied.
    fn replayed(&self, intent: &Intent<'_>) -> Option<Result<WriteAnswer, Box<Problem>>> {
        let stored = self.receipts.get(&intent.write_id).filter(|_| self.wrong != Some(Wrong::NoReceiptCheck))?;
        let is_row = (stored.table, stored.row_id) == (intent.table, intent.row_id);
        let is_same = stored.author == intent.viewer.user && is_row && intent.asks_for(&stored.asked);
        let used = || refusal::problem(ProblemCode::Validation, "this writeId was used for another write; nothing was applied");
        Some(if is_same { Ok(stored.answer.clone()) } else { Err(used()) })
    }

    fn apply_or_hold(&mut self, intent: &Intent<'_>) -> Result<WriteAnswer, Box<Problem>> {
        match self.decision(intent) {
            Ok((before, after)) => Ok(self.apply(intent, intent.viewer, before, after)),
            Err(refusal) => Err(self.instead_of(intent, refusal)),
        }
    }

    /// Carries out what was decided; the receipt is the author's, whoever does it for them.
    pub(super) fn apply(&mut self, intent: &Intent<'_>, author: Viewer, before: Option<Row>, after: Option<Row>) -> WriteAnswer {
        self.position += 1;
        self.carry_out(intent, before.as_ref(), after.as_ref());
        let version = after.as_ref().map(Row::version);
        let is_adopted = author.user != intent.viewer.user;
        let sees = |row: &Row| author.sees(row.table()).admits(row);
        let is_in_shape = after.as_ref().or(before.as_ref()).is_some_and(sees);
        let told = after.as_ref().filter(|row| !is_adopted || sees(row));
        let shown = told.map(|row| shown(&author, row));
        let answer = WriteAnswer::applied(intent.write_id, intent.table, shown, version, self.position.to_string(), is_in_shape);
        self.applied.push(Applied {
            write_id: intent.write_id,
            author: author.user,
            table: intent.table,
            row_id: intent.row_id,
            operation: intent.wire.operation,
            before,
            after,
            is_adopted,
        });
        let stored = Stored {
            author: author.user,
            table: intent.table,
            row_id: intent.row_id,
            base_version: intent.wire.version,
            version,
            asked: intent.wire.clone(),
            answer: answer.clone(),
        };
        self.receipts.insert(intent.write_id, stored);
        answer
    }
}

impl Intent<'_> {
    pub fn operation(&self) -> Operation {
        self.wire.operation
    }

    pub fn sees(&self, row: &Row) -> bool {
        self.viewer.sees(row.table()).admits(row)
    }

    /// A row as answers show it to the author.
    pub fn shown(&self, row: &Row) -> Map<String, Json> {
        shown(&self.viewer, row)
    }

    /// Whether another write asks for the same, whatever it was made on.
    pub fn asks_for(&self, other: &WireWrite) -> bool {
        let data = |wire: &WireWrite| {
            let mut data = wire.data.clone();
            // Naming the row in the data says nothing more than naming it beside.
            data.remove("id");
            data
        };
        (other.operation, &other.metadata) == (self.wire.operation, &self.wire.metadata) && data(other) == data(self.wire)
    }
}

fn shown(viewer: &Viewer, row: &Row) -> Map<String, Json> {
    let hidden = viewer.hidden(row.table());
    let mut shown = row.to_json();
    shown.retain(|column, _| !hidden.contains(&column.as_str()));
    shown
}
