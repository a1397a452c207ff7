//! What may not occur twice: a home's number, its one turn under way, a stage's key.
//!
//! Two people without signal make the same home. Neither did anything wrong: the second create meets the first as a conflict, with
//! the row that is there already, so that its author can look at both.
//!
//! **Invariant:** no two rows of a table have the same natural key; who does not see the other row learns nothing but that it is there.

use super::{author::Author, intent::Intent, refusal};
use crate::{db::Unit, problem::Result};
use domain::{Operation, Row};

/// Refuses a row whose natural key is another one's.
pub async fn require_free(unit: &mut Unit, author: &Author, intent: &Intent, before: Option<&Row>, after: &Row) -> Result<()> {
    let held = after.natural_key();
    let is_new = before.is_none_or(|before| before.natural_key() != held);
    let columns = after.table().natural_key();
    let Some(first) = columns.first().filter(|_| held.is_some() && is_new) else {
        return Ok(());
    };
    let namesakes = unit.all_where(after.table(), first, after.get(first)).await?;
    match namesakes.iter().find(|other| after.shares_natural_key(other)) {
        None => Ok(()),
        Some(other) if intent.operation == Operation::Create => Err(refusal::made_before(author, intent, columns, other)),
        Some(_) => Err(refusal::field(first, "is already another one’s")),
    }
}
