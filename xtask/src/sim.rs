//! `cargo xtask sim`: builds the simulation as it is fast, and plays days.
//!
//! **Invariant:** only the simulation and what it plays with are built: no server, no site.

use anyhow::Result;

use crate::steps::{self, Counts};
use crate::{paths, process};

/// As the summary of a test run names it.
pub const NAME: &str = "simulation";
/// Enough for every fault to meet every state.
const RUNS: &str = "10000";

/// Plays as many days as the arguments say.
pub fn command(args: &[String]) -> Result<()> {
    build()?;
    process::run(process::program(paths::target()?.join("release").join(paths::program("sim")), []).args(args))
}

/// The step of a test run.
pub fn run() -> Result<Counts> {
    command(&["--runs".to_owned(), RUNS.to_owned(), "--seed".to_owned(), "1".to_owned()])?;
    Ok(Counts::of(1, 0))
}

fn build() -> Result<Counts> {
    steps::check(&mut process::cargo(["build", "--quiet", "--release", "--package", "sim"]))
}
