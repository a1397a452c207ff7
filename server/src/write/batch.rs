//! Many writes in one request.
//!
//! **Invariant:** atomic, it is one transaction with one position in the log: all of it or nothing. Otherwise each
//! write stands alone, and a refused one leaves the others as they are; only such a one can be held for a supervisor.

use super::{
    apply::apply,
    author::Author,
    intent::{Intent, Unreadable},
    quarantine,
    receipt::Answer,
};
use crate::{
    db::Unit,
    problem::{Failure, Result},
};
use domain::{Timestamp, WriteId};
use protocol::{Problem, WriteAnswer};
use sea_orm::DbErr;

/// What was read from a batch, write by write.
pub type Intents = Vec<Result<Intent, Unreadable>>;

/// Writes that one caller sent together.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Whose.
    pub author: Author,
    /// The writes, in order.
    pub intents: Intents,
    /// All or nothing, or each on its own.
    pub is_atomic: bool,
    /// When they arrived.
    pub at: Timestamp,
}

impl Batch {
    /// Carries the batch out in a unit that somebody else commits. What is refused leaves nothing in it; a fault of the
    /// database's is nobody's refusal and is given back as it is, with the unit as good as lost.
    pub async fn run(&self, unit: &mut Unit) -> Result<Result<Vec<Answer>, Problem>> {
        if let [Ok(intent)] = &self.intents[..]
            && self.is_atomic
        {
            return Ok(self.one_alone(unit, intent).await?.map(|answer| vec![answer]));
        }
        let begin = unit.savepoint();
        let answers = if self.is_atomic {
            self.together(unit).await
        } else {
            self.each_alone(unit).await
        };
        match answers {
            Ok(answers) => Ok(Ok(answers)),
            Err(Failure::Refused(problem)) => {
                unit.undo(begin);
                Ok(Err(*problem))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Two batches, the second of which goes after the first.
    pub fn halves(&self) -> [Self; 2] {
        let (first, second) = self.intents.split_at(self.intents.len() / 2);
        [first, second].map(|intents| Self {
            author: self.author.clone(),
            intents: intents.to_vec(),
            ..*self
        })
    }

    /// The same answer for each write.
    pub fn refused_all(&self, problem: &Problem) -> Result<Vec<Answer>> {
        let write_id = |intent: &Result<Intent, Unreadable>| match intent {
            Ok(intent) => Some(intent.write_id),
            Err(unreadable) => unreadable.write_id,
        };
        self.intents.iter().map(|intent| refused(write_id(intent), problem.clone())).collect()
    }

    /// The first problem is the answer.
    async fn together(&self, unit: &mut Unit) -> Result<Vec<Answer>> {
        let mut answers = Vec::with_capacity(self.intents.len());
        for intent in &self.intents {
            let intent = intent.as_ref().map_err(|unreadable| Failure::from(unreadable.problem.clone()))?;
            answers.push(apply(unit, &self.author, intent, self.at).await?);
        }
        Ok(answers)
    }

    /// One answer per write.
    async fn each_alone(&self, unit: &mut Unit) -> Result<Vec<Answer>> {
        let mut answers = Vec::with_capacity(self.intents.len());
        for intent in &self.intents {
            answers.push(match intent {
                Ok(intent) => match self.one_alone(unit, intent).await? {
                    Ok(answer) => answer,
                    Err(problem) => refused(Some(intent.write_id), problem)?,
                },
                Err(unreadable) => refused(unreadable.write_id, unreadable.problem.clone())?,
            });
        }
        Ok(answers)
    }

    /// A write that stands alone may be held for a supervisor: then its refusal leaves that behind, and nothing else.
    async fn one_alone(&self, unit: &mut Unit, intent: &Intent) -> Result<Result<Answer, Problem>> {
        let begin = unit.savepoint();
        match apply(unit, &self.author, intent, self.at).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(Failure::Refused(problem)) => {
                unit.undo(begin);
                quarantine::instead_of(unit, &self.author, intent, *problem, self.at).await.map(Err)
            }
            Err(fault) => Err(fault),
        }
    }
}

/// The answer to a write that was not applied.
fn refused(write_id: Option<WriteId>, problem: Problem) -> Result<Answer> {
    serde_json::value::to_raw_value(&WriteAnswer::refused(write_id, problem)).map_err(|error| DbErr::Json(error.to_string()).into())
}
