//! Carries a decision out: the row, the audit entry and the log entry, always the three together, and what follows.
//!
//! **Invariant:** no synced row changes but through [`record`] (the demo data, made before anybody looks, excepted).

use super::{approvals, author::Author, decide::Decision, intent::Intent, notify, sight, stages, turns};
use crate::{
    db::{Unit, entity::audit_log, unit::Entry},
    problem::Result,
};
use domain::{Operation, Row, Table, Timestamp, WriteId};
use sea_orm::prelude::TextUuid;
use uuid::Uuid;

/// One change of one row.
pub struct RowChange {
    /// The row before; none before a create.
    pub old: Option<Row>,
    /// The row after; none after a delete.
    pub new: Option<Row>,
    /// What was done.
    pub operation: Operation,
}

/// A write that is being carried out: whose it is, which, and when.
#[derive(Clone, Copy)]
pub struct Hand<'a> {
    /// Whose.
    pub author: &'a Author,
    /// Which; none for what the server does by itself.
    pub write_id: Option<WriteId>,
    /// When.
    pub at: Timestamp,
}

impl RowChange {
    /// A row that is there and changes.
    pub fn update(old: Row, new: Row) -> Self {
        Self {
            old: Some(old),
            new: Some(new),
            operation: Operation::Update,
        }
    }

    /// A new row.
    pub fn create(new: Row) -> Self {
        Self {
            old: None,
            new: Some(new),
            operation: Operation::Create,
        }
    }
}

/// Writes what was decided, and what follows from it.
pub async fn carry_out(unit: &mut Unit, author: &Author, intent: &Intent, decision: &Decision, at: Timestamp) -> Result<()> {
    let Decision { before, after } = decision;
    let hand = Hand {
        author,
        write_id: Some(intent.write_id),
        at,
    };
    let change = RowChange {
        old: before.clone(),
        new: after.clone(),
        operation: intent.operation,
    };
    record(unit, hand, change).await?;
    match (intent.table, before, after) {
        (Table::Turns, before, Some(after)) => follow_turn(unit, hand, intent, before.as_ref(), after).await,
        (Table::ScopeItems, before, after) => approvals::follow_scope_item(unit, hand, before.as_ref(), after.as_ref()).await,
        (Table::Approvals, None, Some(asked)) => approvals::follow_request(unit, hand, asked).await,
        (Table::TurnStages, _, Some(after)) => stages::follow(unit, hand, after).await,
        (Table::Properties | Table::Vendors, Some(before), Some(after)) => sight::pass_on(unit, hand, before, after).await,
        _ => Ok(()),
    }
}

async fn follow_turn(unit: &mut Unit, hand: Hand<'_>, intent: &Intent, before: Option<&Row>, after: &Row) -> Result<()> {
    match intent.operation {
        Operation::Create | Operation::StageChange => turns::note_stage(unit, hand, intent, before, after)?,
        Operation::Approve | Operation::Reject => approvals::follow_decision(unit, hand, intent, after).await?,
        Operation::Update | Operation::Delete => {}
    }
    notify::of_turn(unit, hand, intent.operation, before, after).await?;
    sight::follow_turn(unit, hand, before, after).await?;
    match before {
        Some(before) if before.get("estimated_amount") != after.get("estimated_amount") => approvals::void_if_stale(unit, hand, after.id()).await,
        _ => Ok(()),
    }
}

/// Writes one row, its audit entry and its log entry.
pub async fn record(unit: &mut Unit, hand: Hand<'_>, change: RowChange) -> Result<()> {
    let RowChange { old, new, operation } = change;
    let author = hand.author;
    let audit = audit_log::Model {
        id: 0,
        at: hand.at.micros(),
        user_id: TextUuid(author.user().0),
        role: author.viewer.role.name().to_owned(),
        address: author.client.address.clone(),
        user_agent: author.client.agent.clone(),
        operation: operation.name().to_owned(),
        write_id: hand.write_id.map(|id| id.0.to_string()),
        // The unit says which row it was, and what it was before and after.
        table_name: String::new(),
        row_id: TextUuid(Uuid::nil()),
        old_row: None,
        new_row: None,
        changed_columns: String::new(),
        on_behalf_of: author.on_behalf_of.map(|user| user.to_string()),
    };
    unit.put(Entry { old, new, audit }, hand.at).await
}
