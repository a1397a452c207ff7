//! What a person can do, each with what is told afterwards.
//!
//! **Invariant:** a refused tap changes nothing and is always told, with the reason.

use super::{Absence, AppState, toasts::Undo};
use crate::facts::{self, fields};
use browser::Leaving;
use domain::{Operation, Refusal, RowId, Table, Timestamp, WriteId, schema::SetBy};
use leptos::prelude::Set;
use serde_json::{Map, Value as Json};
use wasm_bindgen_futures::spawn_local;

impl AppState {
    /// Moves a turn and offers to move it back.
    pub fn move_turn(self, turn: RowId, to: RowId) {
        let from = self.peek(|view| view.row(Table::Turns, turn).and_then(|row| row.row_id("stage_id")));
        if from == Some(to) {
            return;
        }
        let data = one("stage_id", Json::String(to.to_string()));
        match self.device().tap(Table::Turns, turn, Operation::StageChange, data) {
            Ok(_) => {
                self.last_moved.set(Some(turn));
                let text = self.peek(|view| format!("Moved {} to {}", facts::turn_name(view, turn), facts::stage_name(view, to)));
                self.toasts.tell(text, from.map(|stage| Undo::MoveBack { turn, stage }));
            }
            Err(refusal) => self.toasts.warn(fields::refusal_text(&refusal)),
        }
    }

    /// Changes one column. The refusal is for the field that asked.
    pub fn change(self, table: Table, row: RowId, column: &str, value: Json) -> Result<WriteId, Refusal> {
        self.device().tap(table, row, Operation::Update, one(column, value))
    }

    /// Changes one column; a refusal is told in a message.
    pub fn change_or_warn(self, table: Table, row: RowId, column: &str, value: Json) {
        if let Err(refusal) = self.change(table, row, column, value) {
            self.toasts.warn(fields::refusal_text(&refusal));
        }
    }

    /// Notes that what a notification tells has been seen.
    pub fn note_seen(self, notification: RowId) {
        let now = Timestamp::from_millis(self.device().now_ms());
        self.change_or_warn(Table::Notifications, notification, "read_at", Json::String(now.to_string()));
    }

    /// Makes a row.
    pub fn create(self, table: Table, data: Map<String, Json>) -> Result<WriteId, Refusal> {
        let device = self.device();
        device.tap(table, device.new_row_id(), Operation::Create, data)
    }

    /// Deletes a row and offers to make it again.
    pub fn delete(self, table: Table, row: RowId, told: String) {
        let data = self.peek(|view| view.row(table, row).map(authors_columns));
        match self.device().tap(table, row, Operation::Delete, Map::new()) {
            Ok(_) => self.toasts.tell(told, data.map(|data| Undo::MakeAgain { table, data })),
            Err(refusal) => self.toasts.warn(fields::refusal_text(&refusal)),
        }
    }

    /// Takes something back.
    pub fn undo(self, undo: Undo) {
        self.toasts.clear();
        let result = match undo {
            Undo::MoveBack { turn, stage } => self
                .device()
                .tap(Table::Turns, turn, Operation::StageChange, one("stage_id", Json::String(stage.to_string()))),
            Undo::MakeAgain { table, data } => self.create(table, data),
        };
        if let Err(refusal) = result {
            self.toasts.warn(fields::refusal_text(&refusal));
        }
    }

    /// Signs out; what was not sent is kept for the day the same person comes back, or given up.
    pub fn sign_out(self, leaving: Leaving) {
        self.absence.set(Absence::Left);
        spawn_local(async move {
            if let Err(problem) = self.device().sign_out(leaving).await {
                self.absence.set(Absence::Unknown);
                self.toasts.warn(problem.message);
            }
        });
    }
}

fn one(column: &str, value: Json) -> Map<String, Json> {
    Map::from_iter([(column.to_owned(), value)])
}

/// What a row's author gave, without what the server adds.
fn authors_columns(row: &domain::Row) -> Map<String, Json> {
    let given = row
        .table()
        .columns()
        .iter()
        .filter(|column| matches!(column.set_by, SetBy::Author | SetBy::Creator));
    given
        .map(|column| (column.name.to_owned(), row.get(column.name).to_json(column.kind)))
        .filter(|(_, value)| !value.is_null())
        .collect()
}
