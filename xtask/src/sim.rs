//! `cargo xtask sim`: builds the simulation as it is fast, and plays days; `cargo xtask test` plays its ten thousand.
//!
//! **Invariant:** only the simulation and what it plays with are built: the server as a library, no site.

use anyhow::Result;

use crate::steps::{self, Counts};
use crate::{paths, process};

/// The step of a test run.
pub const NAME: &str = "simulation";
/// So many days on every test run.
const RUNS: &str = "10000";

/// Plays as many days as the arguments say.
pub fn command(args: &[String]) -> Result<()> {
    steps::check(&mut process::cargo(["build", "--quiet", "--release", "--package", "sim"]))?;
    process::run(process::program(paths::target()?.join("release").join(paths::program("sim")), []).args(args))
}

/// Plays the days of a test run, as the tests are built: with assertions, and what is played optimised all the same.
pub fn run() -> Result<Counts> {
    steps::check(&mut process::cargo(["run", "--quiet", "--package", "sim", "--", "--runs", RUNS]))?;
    Ok(Counts::of(1, 0))
}
