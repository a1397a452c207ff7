//! Carries a decision out: the row, the audit entry and the log entry, always the three together.
//!
//! **Invariant:** no synced row changes but through [`record`] (the demo data, made before anybody looks, excepted).

use super::{author::Author, decide::Decision, intent::Intent, properties, turns};
use crate::{
    db::{Transaction, entity::audit_log, rows},
    problem::Result,
};
use domain::{Operation, Row, Table, Timestamp, WriteId};
use sea_orm::{EntityTrait, NotSet, Set, prelude::TextUuid};
use serde_json::Value as Json;

/// One change of one row.
pub struct RowChange {
    /// The row before; none before a create.
    pub old: Option<Row>,
    /// The row after; none after a delete.
    pub new: Option<Row>,
    /// What the author did.
    pub operation: Operation,
    /// The write that it belongs to; none for an import.
    pub write_id: Option<WriteId>,
}

/// Writes what was decided, and what follows from it.
pub async fn carry_out(tx: &mut Transaction, author: &Author, intent: &Intent, decision: &Decision, at: Timestamp) -> Result<()> {
    let Decision { before, after } = decision;
    let change = RowChange {
        old: before.clone(),
        new: after.clone(),
        operation: intent.operation,
        write_id: Some(intent.write_id),
    };
    record(tx, author, change, at).await?;
    match (intent.table, intent.operation, before, after) {
        (Table::Properties, Operation::Update, Some(before), Some(after)) => properties::hand_over(tx, author, intent, before, after, at).await,
        (Table::Turns, Operation::Create | Operation::StageChange, before, Some(after)) => {
            turns::note_stage(tx, author, intent, before.as_ref(), after, at).await
        }
        _ => Ok(()),
    }
}

/// Writes one row, its audit entry and its log entry.
pub async fn record(tx: &mut Transaction, author: &Author, change: RowChange, at: Timestamp) -> Result<()> {
    let RowChange { old, new, operation, write_id } = change;
    let Some(some) = new.as_ref().or(old.as_ref()) else { return Ok(()) };
    let (table, row_id) = (some.table(), some.id());
    match (&old, &new) {
        (None, Some(new)) => rows::insert(&**tx, std::slice::from_ref(new)).await?,
        (_, Some(new)) => rows::update(&**tx, new).await?,
        (_, None) => rows::delete(&**tx, table, row_id).await?,
    }
    let json = |row: &Option<Row>| row.as_ref().map(|row| Json::Object(row.to_json()).to_string());
    let entry = audit_log::ActiveModel {
        id: NotSet,
        at: Set(at.micros()),
        user_id: Set(TextUuid(author.user().0)),
        role: Set(author.viewer.role.name().to_owned()),
        address: Set(author.client.address.clone()),
        user_agent: Set(author.client.agent.clone()),
        table_name: Set(table.sql_name().to_owned()),
        row_id: Set(TextUuid(row_id.0)),
        operation: Set(serde_json::to_value(operation)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default()),
        write_id: Set(write_id.map(|id| TextUuid(id.0))),
        old_row: Set(json(&old)),
        new_row: Set(json(&new)),
        changed_columns: Set(Json::from(changed_columns(table, old.as_ref(), new.as_ref())).to_string()),
    };
    audit_log::Entity::insert(entry).exec_without_returning(&**tx).await?;
    tx.log(table, row_id, old, new, at).await
}

fn changed_columns(table: Table, old: Option<&Row>, new: Option<&Row>) -> Vec<&'static str> {
    let blank = Row::blank(table);
    let (old, new) = (old.unwrap_or(&blank), new.unwrap_or(&blank));
    table
        .columns()
        .iter()
        .enumerate()
        .filter(|(index, _)| old.at(*index) != new.at(*index))
        .map(|(_, column)| column.name)
        .collect()
}
