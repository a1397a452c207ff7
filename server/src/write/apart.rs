//! Parts what the database can store from what it never can.
//!
//! A write that cannot be stored must not hold up the ninety-nine beside it: what fails together is halved, and the halves carried out one after
//! the other, until it stands alone. All of that is one transaction and one wait for the disk; what failed is taken back by itself, and
//! what was read for it is not read again.
//!
//! **Invariant:** each write is answered as if those that cannot be stored had never come.

use super::{batch::Batch, foresight, queue::Answers};
use crate::{
    db::Unit,
    problem::{Failure, Result},
};
use futures::{FutureExt, future::BoxFuture};
use std::slice;

/// Carries out batches, each of them in order. `Err(_)`: the database fails as a whole.
pub fn carry_out<'a>(unit: &'a mut Unit, batches: &'a [Batch]) -> BoxFuture<'a, Result<Vec<Answers>>> {
    async move {
        let fault = match attempt(unit, batches).await? {
            Ok(answers) => return Ok(answers),
            Err(fault) => fault,
        };
        match batches {
            [batch] if batch.is_atomic => Ok(vec![Err(fault.into_problem())]),
            [batch] if batch.intents.len() <= 1 => Ok(vec![Ok(batch.refused_all(&fault.into_problem())?)]),
            [batch] => Ok(vec![in_halves(unit, batch).await?]),
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                let mut answers = carry_out(unit, first).await?;
                answers.extend(carry_out(unit, second).await?);
                Ok(answers)
            }
        }
    }
    .boxed()
}

async fn attempt(unit: &mut Unit, batches: &[Batch]) -> Result<Result<Vec<Answers>, Failure>> {
    unit.part(async |unit| {
        foresight::prefetch(unit, batches).await?;
        let mut answers = Vec::with_capacity(batches.len());
        for batch in batches {
            answers.push(batch.run(unit).await?);
        }
        Ok(answers)
    })
    .await
}

async fn in_halves(unit: &mut Unit, batch: &Batch) -> Result<Answers> {
    let mut answers = Vec::with_capacity(batch.intents.len());
    for half in batch.halves() {
        for done in carry_out(unit, slice::from_ref(&half)).await? {
            match done {
                Ok(done) => answers.extend(done),
                Err(problem) => return Ok(Err(problem)),
            }
        }
    }
    Ok(Ok(answers))
}
