//! A tap, judged and predicted where it is made, with the server's own rules.
//!
//! **Invariant:** a refused tap changes nothing; one that is accepted rests on what its author sees, and on nothing else.

use super::{Author, OutboxRecord, draft::draft};
use crate::LocalView;
use domain::{
    Cents, Mutation, Operation, Refusal, Role, Row, RowId, Table, Timestamp, Value,
    mutation::{Facts, check, field},
    stage::scope_total,
};
use serde_json::{Map, Value as Json};

/// What somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct Tap<'a> {
    /// Which table.
    pub table: Table,
    /// Which row.
    pub row_id: RowId,
    /// What is to be done with it.
    pub operation: Operation,
    /// Column → what it shall be.
    pub data: &'a Map<String, Json>,
}

/// The write that a tap becomes, before it is stored; or why it becomes none.
pub fn judge(tap: Tap<'_>, role: Role, author: Author, view: &LocalView) -> Result<OutboxRecord, Refusal> {
    let Tap {
        table,
        row_id,
        operation,
        data,
    } = tap;
    permit(role, operation, table)?;
    let mutation = Mutation::read(table, row_id, operation, data)?;
    let facts = facts(&mutation, view);
    if operation != Operation::Create && facts.current.is_none() {
        return Err(field("id", format!("names no row of {} on this device", table.url_name())));
    }
    check(&mutation, facts)?;
    let after = mutation.apply(facts, author.user_id, Timestamp::from_millis(author.now_ms));
    Ok(draft(&mutation, facts.current, after.as_ref(), author, view))
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
