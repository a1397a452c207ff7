//! Many writes in one request.
//!
//! **Invariant:** atomic, it is one transaction with one position in the log: all of it or nothing. Otherwise each
//! write stands alone, and a refused one leaves the others as they are.

use super::{
    apply::apply,
    author::Author,
    intent::{Intent, Unreadable},
    receipt::Answer,
};
use crate::{
    db::{Db, Transaction},
    problem::Result,
};
use domain::{Timestamp, WriteId};
use protocol::{Problem, WriteAnswer};
use sea_orm::DbErr;

/// What was read from a batch, write by write.
pub type Intents = Vec<Result<Intent, Unreadable>>;

/// All or nothing: the first problem is the answer.
pub async fn atomic(db: &Db, author: &Author, intents: Intents, at: Timestamp) -> Result<Vec<Answer>> {
    let mut tx = db.write().await?;
    let mut answers = Vec::with_capacity(intents.len());
    for intent in intents {
        let intent = intent.map_err(|unreadable| unreadable.problem)?;
        answers.push(apply(&mut tx, author, &intent, at).await?);
    }
    tx.commit().await?;
    Ok(answers)
}

/// Each on its own, in order; one answer per write.
pub async fn each_alone(db: &Db, author: &Author, intents: Intents, at: Timestamp) -> Result<Vec<Answer>> {
    let mut tx = db.write().await?;
    let mut answers = Vec::with_capacity(intents.len());
    for intent in intents {
        answers.push(match intent {
            Ok(intent) => one_alone(&mut tx, author, &intent, at).await?,
            Err(unreadable) => refused(unreadable.write_id, unreadable.problem)?,
        });
    }
    tx.commit().await?;
    Ok(answers)
}

async fn one_alone(tx: &mut Transaction, author: &Author, intent: &Intent, at: Timestamp) -> Result<Answer> {
    let savepoint = tx.savepoint().await?;
    match apply(tx, author, intent, at).await {
        Ok(answer) => {
            tx.keep(savepoint).await?;
            Ok(answer)
        }
        // The database's own refusal too stays with this write: a write that can never be stored must not hold up the
        // ninety-nine beside it. Where the database fails as a whole, taking back or committing fails as well.
        Err(failure) => {
            tx.undo(savepoint).await?;
            refused(Some(intent.write_id), failure.into_problem())
        }
    }
}

fn refused(write_id: Option<WriteId>, problem: Problem) -> Result<Answer> {
    serde_json::value::to_raw_value(&WriteAnswer::refused(write_id, problem)).map_err(|error| DbErr::Json(error.to_string()).into())
}
