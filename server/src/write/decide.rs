//! May this write be, and what row results? Reads only; [`super::carry_out`] writes.
//!
//! **Invariant:** the rules themselves are `domain`'s, the same ones that the device predicted with.

use super::{author::Author, base, intent::Intent, properties, refusal, surroundings::Surroundings, turns};
use crate::{
    db::{Transaction, rows},
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

/// Permission, validation, version, result: in this order.
pub async fn decide(tx: &mut Transaction, author: &Author, intent: &Intent, at: Timestamp) -> Result<Decision> {
    author.require(intent.operation, intent.table)?;
    let expected = base::expected_version(tx, author, intent).await?;
    let current = rows::find(&**tx, intent.table, intent.row_id).await?;
    require_row(author, intent, current.as_ref())?;
    let mutation = Mutation::read(intent.table, intent.row_id, intent.operation, &intent.data).map_err(refusal::by_rule)?;
    let around = Surroundings::read(tx, author, &mutation, current).await?;
    mutation::check(&mutation, around.facts()).map_err(refusal::by_rule)?;
    base::require_version(author, intent, expected, around.current.as_ref())?;
    let mut after = mutation.apply(around.facts(), author.user(), at);
    match &mut after {
        Some(after) => complete(tx, author, around.current.as_ref(), after, at).await?,
        None => properties::require_deletable(tx, intent).await?,
    }
    Ok(Decision { before: around.current, after })
}

/// The row must be there, or for a create must not be; and it must be one that the author sees.
fn require_row(author: &Author, intent: &Intent, current: Option<&Row>) -> Result<()> {
    match (intent.operation, current) {
        (Operation::Create, None) => Ok(()),
        (Operation::Create, Some(row)) => {
            author.require_sight(row)?;
            Err(refusal::conflict(author, intent, None, row))
        }
        (_, Some(row)) => author.require_sight(row),
        (_, None) => Err(Failure::refused(
            ProblemCode::NotFound,
            format!("this {} is not there any more", intent.table.row_name()),
        )),
    }
}

/// What only the server can fill in or check: its own numbers, and values that must be unique or name a person.
async fn complete(tx: &mut Transaction, author: &Author, before: Option<&Row>, after: &mut Row, at: Timestamp) -> Result<()> {
    match after.table() {
        Table::Properties => {
            if before.is_none() {
                properties::keep_for_author(author, after);
            }
            author.require_sight(after)?;
            properties::require_consistent(tx, before, after).await
        }
        Table::Turns => {
            author.require_sight(after)?;
            if before.is_none() {
                turns::number(tx, after, at).await?;
            }
            Ok(())
        }
        _ => author.require_sight(after),
    }
}
