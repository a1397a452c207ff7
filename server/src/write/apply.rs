//! One write, from intent to receipt, inside a unit that somebody else commits.
//!
//! **Invariant:** it commits nothing and undoes nothing; both belong to the caller.

use super::{
    author::Author,
    carry_out::carry_out,
    decide::decide,
    intent::Intent,
    receipt::{self, Answer},
};
use crate::{db::Unit, problem::Result};
use domain::Timestamp;

/// Applies a write, or gives the answer of the time when it was applied.
pub async fn apply(unit: &mut Unit, author: &Author, intent: &Intent, at: Timestamp) -> Result<Answer> {
    if let Some(answer) = receipt::replay(unit, author, intent).await? {
        return Ok(answer);
    }
    let decision = decide(unit, author, intent, at).await?;
    carry_out(unit, author, intent, &decision, at).await?;
    receipt::store(unit, author, intent, &decision, at).await
}
