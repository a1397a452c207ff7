//! From a tap to a write that is shown: the rules are asked and the result predicted with the server's own code.
//!
//! **Invariant:** a refused tap changes nothing.

use super::{Inner, News, keeper::Parcel};
use crate::{
    clock, ids,
    store::{Session, StoreError},
    timing::{Moment, TAP_TO_VIEW},
};
use domain::{
    Cents, Mutation, Operation, Refusal, Role, Row, RowId, Table, Timestamp, Value, WriteId,
    mutation::{Facts, check, field},
    stage::scope_total,
};
use futures::channel::oneshot;
use serde_json::{Map, Value as Json};
use sync::{LocalView, OutboxRecord, draft, outbox::Author};

impl Inner {
    /// Judges, shows, and hands over to the keeper, who answers `durable`.
    pub(super) fn tap(
        &self,
        table: Table,
        row_id: RowId,
        operation: Operation,
        data: &Map<String, Json>,
        durable: Option<oneshot::Sender<Result<(), StoreError>>>,
    ) -> Result<WriteId, Refusal> {
        let begun = Moment::now();
        let record = self.judge(table, row_id, operation, data)?;
        let id = record.write_id;
        self.change(|view| view.put_write(record.clone()));
        if let Some(begun) = begun {
            begun.measure(TAP_TO_VIEW);
        }
        self.tell(News::Status);
        // The keeper lives as long as the device.
        let _ = self.keeper.unbounded_send(Parcel { record, begun, durable });
        Ok(id)
    }

    fn judge(&self, table: Table, row_id: RowId, operation: Operation, data: &Map<String, Json>) -> Result<OutboxRecord, Refusal> {
        let session = self.session.borrow();
        let Session { user, .. } = session.as_ref().ok_or_else(|| field("id", "is nobody's: sign in first".to_owned()))?;
        permit(user.role, operation, table)?;
        let mutation = Mutation::read(table, row_id, operation, data)?;
        let view = self.view.borrow();
        let facts = facts(&mutation, &view);
        if operation != Operation::Create && facts.current.is_none() {
            return Err(field("id", format!("names no row of {} on this device", table.url_name())));
        }
        check(&mutation, facts)?;
        let now_ms = clock::now_ms();
        let after = mutation.apply(facts, user.id, Timestamp::from_millis(now_ms));
        let author = Author {
            user_id: user.id,
            device_id: self.device_id,
            write_id: ids::write_id(),
            now_ms,
        };
        Ok(draft(&mutation, facts.current, after.as_ref(), author, &view))
    }
}

fn permit(role: Role, operation: Operation, table: Table) -> Result<(), Refusal> {
    if role.may(operation, table) {
        return Ok(());
    }
    let wish = match operation {
        Operation::Create => "new rows of",
        Operation::Update => "changes to",
        Operation::Delete => "deleting rows of",
        Operation::StageChange => "stage changes of",
        Operation::Approve | Operation::Reject => "decisions on",
    };
    Err(field("id", format!("cannot be kept: {wish} {} are not for your role", table.url_name())))
}

/// What the rules need to know, as this user sees it now.
fn facts<'a>(mutation: &Mutation, view: &'a LocalView) -> Facts<'a> {
    let current = view.row(mutation.table, mutation.row_id);
    let named = |column: &str| mutation.value(column).and_then(as_row_id);
    let parent = mutation
        .table
        .parent(|column| mutation.value(column).or_else(|| Some(current?.get(column))))
        .and_then(|(parent, id)| view.row(parent, id));
    if mutation.table != Table::Turns {
        return Facts {
            current,
            parent,
            ..Facts::default()
        };
    }
    let stage = |id: RowId| view.row(Table::TurnStages, id);
    let to_stage = match mutation.operation {
        Operation::Create => view.rows(Table::TurnStages).find(|stage| stage.flag("is_default")),
        _ => named("stage_id").and_then(stage),
    };
    Facts {
        current,
        parent,
        from_stage: current.and_then(|turn| turn.row_id("stage_id")).and_then(stage),
        to_stage,
        scope_total: total(view, current),
        // The amounts that ask for an approval are not on the device; the server asks.
        thresholds: None,
    }
}

fn total(view: &LocalView, turn: Option<&Row>) -> Cents {
    turn.map_or(Cents(0), |turn| scope_total(view.group(Table::ScopeItems, "turn_id", Value::Uuid(turn.id().0))))
}

fn as_row_id(value: &Value) -> Option<RowId> {
    match value {
        Value::Uuid(id) => Some(RowId(*id)),
        _ => None,
    }
}
