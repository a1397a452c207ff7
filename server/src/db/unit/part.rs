//! A part of a unit that is written at once, and may fail by itself.
//!
//! **Invariant:** a part that failed has left nothing, neither in the transaction nor in what the unit knows; the parts before it stand.

use super::Unit;
use crate::problem::{Failure, Result};
use sea_orm::ConnectionTrait;

/// The database's savepoint; there is one part at a time.
const BEGIN: &str = "SAVEPOINT part";
const KEEP: &str = "RELEASE SAVEPOINT part";
const TAKE_BACK: &str = "ROLLBACK TO SAVEPOINT part";

impl Unit {
    /// Does `work` and writes what it has staged. `Ok(Err(_))`: it failed and is taken back; `Err(_)`: the whole transaction is lost.
    pub async fn part<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<Result<T, Failure>> {
        self.execute(BEGIN).await?;
        let begin = self.savepoint();
        let done = match work(self).await {
            Ok(value) => self.flush().await.map(|()| value),
            Err(fault) => Err(fault),
        };
        if done.is_err() {
            self.undo(begin);
            self.execute(TAKE_BACK).await?;
        }
        self.execute(KEEP).await?;
        Ok(done)
    }

    async fn execute(&self, statement: &str) -> Result<()> {
        self.tx.execute_unprepared(statement).await?;
        Ok(())
    }
}
