//! `turns-server import FILE.csv`: a portfolio from a spreadsheet.
//!
//! Every line is checked by the same rule as a create over HTTP, and all that is wrong is reported at once: a file of
//! two thousand homes is mended in one go, not in forty.
//!
//! A server that runs on the same database meanwhile shows the new homes to a device at its next question; it does
//! not hear of another process's commits.
//!
//! **Invariant:** all lines are loaded in one transaction, or none.

mod file;
mod header;
mod line;
mod load;

use crate::{clock, config::Settings, db::Db};
use anyhow::Context;
use std::{fmt, path::Path, process::ExitCode};

/// Something wrong in the file, with the line that it stands on; the header is line 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BadLine {
    /// Counted from 1, as editors do.
    pub line: u64,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Loads a file; says on the terminal what came of it.
pub async fn run(settings: &Settings, path: &Path) -> anyhow::Result<ExitCode> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let read = file::read(&bytes);
    for header in &read.unmapped {
        eprintln!("warning: the column “{header}” is not one of a property’s and is passed over");
    }
    let db = Db::open(&settings.database).await?;
    let loaded = load::load(&db, read, clock::now()).await;
    db.close().await;
    match loaded? {
        Ok(count) => {
            println!("{count} properties loaded from {}", path.display());
            Ok(ExitCode::SUCCESS)
        }
        Err(bad) => {
            for bad in &bad {
                eprintln!("{bad}");
            }
            eprintln!("nothing was loaded: {} of {} must be mended first", bad.len(), path.display());
            Ok(ExitCode::FAILURE)
        }
    }
}
