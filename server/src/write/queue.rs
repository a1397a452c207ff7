//! The line in which writes wait for the one writer.
//!
//! While a transaction is being made durable, more writes arrive; they are carried out together in the next one. A disk
//! that flushes a few hundred times a second then keeps thousands of writes a second, and each caller is still answered
//! only when its own are durable.
//!
//! **Invariant:** a caller's writes do not depend on whose others they were gathered with: what is refused is taken back by
//! itself, and where they cannot all be stored, those that can are parted from those that cannot ([`apart`]).

use super::{apart, batch::Batch, receipt::Answer};
use crate::{
    db::Db,
    problem::{Failure, Result},
};
use protocol::Problem;
use tokio::sync::{mpsc, oneshot};

/// How many callers may wait in line; further ones wait to get in.
const LINE: usize = 1_024;
/// A transaction takes no more batches once it holds so many writes: the first in it wait for the last.
const WRITES_TOGETHER: usize = 400;

/// One answer per write, or why none of them was carried out.
pub type Answers = Result<Vec<Answer>, Problem>;

/// The line. Cheap to clone.
#[derive(Clone)]
pub struct WriteQueue {
    line: mpsc::Sender<Waiting>,
}

struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Answers>,
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
        answered.await.map_err(|_| gone())?.map_err(Failure::from)
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
    tell(callers, carry_out(&db, &batches).await);
}

/// What is refused is an answer; `Err(_)`: nothing of it is stored.
async fn carry_out(db: &Db, batches: &[Batch]) -> Result<Vec<Answers>> {
    let mut unit = db.unit().await?;
    let answers = apart::carry_out(&mut unit, batches).await?;
    unit.commit().await?;
    Ok(answers)
}

/// A caller that hung up asks again with the same ids.
fn tell(callers: Vec<oneshot::Sender<Answers>>, answers: Result<Vec<Answers>>) {
    match answers {
        Ok(answers) => {
            for (caller, answer) in callers.into_iter().zip(answers) {
                let _ = caller.send(answer);
            }
        }
        Err(fault) => {
            let problem = fault.into_problem();
            for caller in callers {
                let _ = caller.send(Err(problem.clone()));
            }
        }
    }
}
