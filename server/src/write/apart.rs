//! Parts what the database can store from what it never can.
//!
//! A write that cannot be stored must not hold up the ninety-nine beside it: what fails is halved, and the halves carried out one after the
//! other, until it stands alone. All of that is one transaction and one wait for the disk; what failed is taken back by itself.
//!
//! **Invariant:** each write is answered as if those that cannot be stored had never come.

use super::{
    batch::{self, Batch, Intents},
    foresight,
    intent::{Intent, Unreadable},
    queue::Answers,
    receipt::Answer,
};
use crate::{
    db::{Db, Unit},
    problem::{Failure, Result},
};
use protocol::Problem;

/// Carries out batches of which something failed when they were carried out together. `Err(_)`: the database fails as a whole.
pub async fn carry_out(db: &Db, batches: &[Batch]) -> Result<Vec<Answers>> {
    let mut unit = db.unit().await?;
    let mut answers = Vec::with_capacity(batches.len());
    for batch in batches {
        answers.push(in_parts(&mut unit, batch).await?);
    }
    unit.commit().await?;
    Ok(answers)
}

/// An atomic batch is one part.
async fn in_parts(unit: &mut Unit, batch: &Batch) -> Result<Answers> {
    let mut answers = Vec::with_capacity(batch.intents.len());
    let mut parts = vec![batch.intents.clone()];
    while let Some(intents) = parts.pop() {
        let part = Batch {
            author: batch.author.clone(),
            intents,
            ..*batch
        };
        let done = match attempt(unit, &part).await? {
            Err(_) if !part.is_atomic && part.intents.len() > 1 => {
                parts.extend(halves(part.intents));
                continue;
            }
            Err(fault) => Err(fault.into_problem()),
            Ok(done) => done,
        };
        match done {
            Ok(done) => answers.extend(done),
            Err(problem) if part.is_atomic => return Ok(Err(problem)),
            Err(problem) => answers.extend(refused_all(&part.intents, &problem)?),
        }
    }
    Ok(Ok(answers))
}

async fn attempt(unit: &mut Unit, part: &Batch) -> Result<Result<Answers, Failure>> {
    unit.part(async |unit| {
        foresight::prefetch(unit, std::slice::from_ref(part)).await?;
        part.run(unit).await
    })
    .await
}

/// The second half, and on top of it the first, which is done before.
fn halves(mut intents: Intents) -> [Intents; 2] {
    let second = intents.split_off(intents.len() / 2);
    [second, intents]
}

fn refused_all(intents: &Intents, problem: &Problem) -> Result<Vec<Answer>> {
    let write_id = |intent: &Result<Intent, Unreadable>| match intent {
        Ok(intent) => Some(intent.write_id),
        Err(unreadable) => unreadable.write_id,
    };
    intents.iter().map(|intent| batch::refused(write_id(intent), problem.clone())).collect()
}
