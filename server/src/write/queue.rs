//! The line in which writes wait for the one writer.
//!
//! While a transaction is being made durable, more writes arrive; they are carried out together in the next one. A disk
//! that flushes a few hundred times a second then keeps thousands of writes a second, and each caller is still answered
//! only when its own are durable.
//!
//! **Invariant:** a caller's writes do not depend on whose others they were gathered with: what is refused is taken back by
//! itself, and where a transaction fails as a whole each batch is carried out again alone, and then its halves, down to single writes.

use super::{
    batch::{self, Batch, Intents},
    foresight,
    intent::{Intent, Unreadable},
    receipt::Answer,
};
use crate::{
    db::{Db, Unit},
    problem::{Failure, Result},
};
use protocol::Problem;
use tokio::sync::{mpsc, oneshot};

/// How many callers may wait in line; further ones wait to get in.
const LINE: usize = 1_024;
/// A transaction takes no more batches once it holds so many writes: the first in it wait for the last.
const WRITES_TOGETHER: usize = 400;

type Answers = Result<Vec<Answer>, Problem>;

/// The line. Cheap to clone.
#[derive(Clone)]
pub struct WriteQueue {
    line: mpsc::Sender<Waiting>,
}

struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Result<Answers>>,
}

impl WriteQueue {
    /// Opens the line; it closes when the last clone is gone.
    pub fn open(db: Db) -> Self {
        let (line, waiting) = mpsc::channel(LINE);
        tokio::spawn(serve(db, waiting));
        Self { line }
    }

    /// Carries a batch out. It is finished even when nobody waits for the answer any more.
    pub async fn submit(&self, batch: Batch) -> Result<Vec<Answer>> {
        let (answer, answered) = oneshot::channel();
        let gone = || Failure::Database(sea_orm::DbErr::Custom("the writer has stopped".to_owned()));
        self.line.send(Waiting { batch, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())??.map_err(Failure::from)
    }
}

async fn serve(db: Db, mut line: mpsc::Receiver<Waiting>) {
    while let Some(first) = line.recv().await {
        let gathered = gather(first, &mut line);
        // In a task of its own: a fault in one transaction must not end the line.
        let served = tokio::spawn(together(db.clone(), gathered)).await;
        if let Err(error) = served {
            tracing::error!(%error, "a transaction ended in a panic; its callers are told");
        }
    }
}

fn gather(first: Waiting, line: &mut mpsc::Receiver<Waiting>) -> Vec<Waiting> {
    let mut writes = first.batch.intents.len();
    let mut gathered = vec![first];
    while writes < WRITES_TOGETHER {
        let Ok(next) = line.try_recv() else { break };
        writes += next.batch.intents.len();
        gathered.push(next);
    }
    gathered
}

async fn together(db: Db, gathered: Vec<Waiting>) {
    let (batches, callers): (Vec<Batch>, Vec<_>) = gathered.into_iter().map(|waiting| (waiting.batch, waiting.answer)).unzip();
    let answers = match run_together(&db, &batches).await {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(fault) if batches.len() == 1 => vec![alone_after(&db, &batches[0], fault).await],
        Err(_) => {
            let mut answers = Vec::with_capacity(batches.len());
            for batch in &batches {
                answers.push(alone(&db, batch).await);
            }
            answers
        }
    };
    for (caller, answer) in callers.into_iter().zip(answers) {
        // A caller that hung up asks again with the same ids.
        let _ = caller.send(answer);
    }
}

async fn run_together(db: &Db, batches: &[Batch]) -> Result<Vec<Answers>> {
    run_in(db.unit().await?, batches).await
}

async fn run_in(mut unit: Unit, batches: &[Batch]) -> Result<Vec<Answers>> {
    foresight::prefetch(&mut unit, batches).await?;
    let mut answers = Vec::with_capacity(batches.len());
    for batch in batches {
        answers.push(batch.run(&mut unit).await?);
    }
    unit.commit().await?;
    Ok(answers)
}

async fn alone(db: &Db, batch: &Batch) -> Result<Answers> {
    match run_together(db, std::slice::from_ref(batch)).await {
        Ok(mut answers) => Ok(answers.remove(0)),
        Err(fault) => alone_after(db, batch, fault).await,
    }
}

/// A write that can never be stored must not hold up the ninety-nine beside it: what fails is halved, and the halves carried out one after
/// the other, until it stands alone. That is a dozen transactions for a hundred writes, and each is one wait for the disk.
/// Where the database fails as a whole, every one of them fails as well.
async fn alone_after(db: &Db, batch: &Batch, fault: Failure) -> Result<Answers> {
    if batch.is_atomic || batch.intents.len() == 1 {
        return Err(fault);
    }
    let mut answers = Vec::with_capacity(batch.intents.len());
    let mut parts = halves(batch.intents.clone());
    while let Some(intents) = parts.pop() {
        let part = Batch {
            author: batch.author.clone(),
            intents,
            ..*batch
        };
        let unit = match db.unit().await {
            Ok(unit) => unit,
            Err(fault) => {
                // It says nothing about single writes: they need not each wait for it.
                let rest = std::iter::once(part.intents).chain(parts.into_iter().rev());
                answers.extend(refused_all(&rest.flatten().collect(), &fault.into_problem())?);
                break;
            }
        };
        match run_in(unit, std::slice::from_ref(&part)).await {
            Ok(mut done) => answers.extend(done.remove(0).or_else(|problem| refused_all(&part.intents, &problem))?),
            Err(_) if part.intents.len() > 1 => parts.extend(halves(part.intents)),
            Err(fault) => answers.extend(refused_all(&part.intents, &fault.into_problem())?),
        }
    }
    Ok(Ok(answers))
}

/// The second half, and on top of it the first, which is done before.
fn halves(mut intents: Intents) -> Vec<Intents> {
    let second = intents.split_off(intents.len() / 2);
    vec![second, intents]
}

fn refused_all(intents: &Intents, problem: &Problem) -> Result<Vec<Answer>> {
    let write_id = |intent: &Result<Intent, Unreadable>| match intent {
        Ok(intent) => Some(intent.write_id),
        Err(unreadable) => unreadable.write_id,
    };
    intents.iter().map(|intent| batch::refused(write_id(intent), problem.clone())).collect()
}
