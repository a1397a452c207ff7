//! One write, from intent to receipt, inside a transaction that somebody else commits.
//!
//! **Invariant:** it commits nothing and undoes nothing; both belong to the caller.

use super::{
    author::Author,
    carry_out::carry_out,
    decide::decide,
    intent::Intent,
    receipt::{self, Answer},
};
use crate::{db::Transaction, problem::Result};
use domain::Timestamp;

/// Applies a write, or gives the answer of the time when it was applied.
pub async fn apply(tx: &mut Transaction, author: &Author, intent: &Intent, at: Timestamp) -> Result<Answer> {
    if let Some(answer) = receipt::replay(tx, author, intent).await? {
        return Ok(answer);
    }
    let decision = decide(tx, author, intent, at).await?;
    carry_out(tx, author, intent, &decision, at).await?;
    receipt::store(tx, author, intent, decision.before.as_ref(), decision.after.as_ref(), at).await
}
