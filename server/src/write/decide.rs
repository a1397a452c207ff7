//! May this write be, and what row results? Reads only; [`super::carry_out`] writes.
//!
//! **Invariant:** the rules themselves are `domain`'s, the same ones that the device predicted with.

use super::{approvals, author::Author, base, documents, intent::Intent, natural_key, properties, refusal, stages, surroundings::Surroundings, turns, vendors};
use crate::{
    db::Unit,
    problem::{Failure, Result},
};
use domain::{Mutation, Operation, Row, Table, Timestamp, mutation};
use protocol::ProblemCode;

/// A write that may be.
pub struct Decision {
    /// The row as it stands; none before a create.
    pub before: Option<Row>,
    /// The row that results; none after a delete.
    pub after: Option<Row>,
}

/// Permission, validation, version, result: in this order. Before all of them stand the writes that this one builds on: while one of
/// them is held for a supervisor, nothing is to be said of what would come after it.
pub async fn decide(unit: &mut Unit, author: &Author, intent: &Intent, at: Timestamp) -> Result<Decision> {
    let expected = base::expected_version(unit, author.user(), intent).await?;
    author.require(intent.operation, intent.table)?;
    let current = unit.find(intent.table, intent.row_id).await?;
    require_row(author, intent, current.as_ref())?;
    author.require_columns(intent)?;
    let mutation = Mutation::read(intent.table, intent.row_id, intent.operation, &intent.data).map_err(refusal::by_rule)?;
    let around = Surroundings::read(unit, author, &mutation, current).await?;
    mutation::check(&mutation, around.facts()).map_err(refusal::by_rule)?;
    base::require_version(author, intent, expected, around.current.as_ref())?;
    let mut after = mutation.apply(around.facts(), author.user(), at);
    match &mut after {
        Some(after) => {
            let before = around.current.as_ref();
            complete(unit, author, intent, before, after, at).await?;
            natural_key::require_free(unit, author, intent, before, after).await?;
        }
        None => require_deletable(unit, intent).await?,
    }
    Ok(Decision { before: around.current, after })
}

/// The row must be there, or for a create must not be; and it must be one that the author sees.
fn require_row(author: &Author, intent: &Intent, current: Option<&Row>) -> Result<()> {
    let is_decision = matches!(intent.operation, Operation::Approve | Operation::Reject);
    match (intent.operation, current) {
        (Operation::Create, None) => Ok(()),
        (Operation::Create, Some(row)) => {
            author.require_sight(row)?;
            Err(refusal::conflict(author, intent, None, row))
        }
        // What was decided has left its approver's sight; the rule for decisions says so more clearly.
        (_, Some(_)) if is_decision => Ok(()),
        (_, Some(row)) => {
            author.require_sight(row)?;
            author.require_touch(intent.operation, row)
        }
        (_, None) => Err(Failure::refused(
            ProblemCode::NotFound,
            format!("this {} is not there any more", intent.table.row_name()),
        )),
    }
}

/// What only the server can fill in or check: its own numbers, and values that must name somebody.
async fn complete(unit: &mut Unit, author: &Author, intent: &Intent, before: Option<&Row>, after: &mut Row, at: Timestamp) -> Result<()> {
    match (after.table(), intent.operation) {
        (Table::Properties, operation) => {
            if operation == Operation::Create {
                properties::keep_for_author(author, after);
            }
            author.require_sight(after)?;
            properties::require_consistent(unit, before, after).await
        }
        (Table::Turns, Operation::Approve | Operation::Reject) => approvals::decide(unit, author, intent, after, at).await,
        (Table::Turns, operation) => {
            author.require_sight(after)?;
            turns::require_consistent(unit, before, after).await?;
            if operation == Operation::Create {
                turns::number(unit, after, at).await?;
            }
            Ok(())
        }
        (Table::Approvals, _) => approvals::ask(unit, author, after).await,
        (Table::Documents, _) => {
            author.require_sight(after)?;
            documents::require_sound(after)
        }
        (Table::TurnStages, _) => stages::require_consistent(before, after),
        (Table::PropertyTypes, _) => Ok(()),
        (Table::ScopeItems | Table::Vendors | Table::Notifications, _) => author.require_sight(after),
    }
}

async fn require_deletable(unit: &mut Unit, intent: &Intent) -> Result<()> {
    match intent.table {
        Table::Properties => properties::require_deletable(unit, intent.row_id).await,
        Table::Vendors => vendors::require_deletable(unit, intent.row_id).await,
        _ => Ok(()),
    }
}
