//! What the program does beside serving: one thing, said on the terminal, and it ends.
//!
//! **Invariant:** a command works on the database alone. A server that runs on it meanwhile hears of it through the change log,
//! but for [`restored`], which is for a database on which none runs.

pub mod audit_outbox;
mod passphrase;
pub mod restored;
pub mod unsent;
pub mod user;

use crate::problem::Failure;
use anyhow::anyhow;

/// A refusal as one line.
fn told(failure: Failure) -> anyhow::Error {
    let problem = match failure {
        Failure::Database(error) => return error.into(),
        Failure::Storage(error) => return error.into(),
        failure => failure.into_problem(),
    };
    let fields: Vec<String> = problem.fields.iter().map(|(field, wrong)| format!("{field} {wrong}")).collect();
    anyhow!(if fields.is_empty() { problem.message } else { fields.join("; ") })
}
