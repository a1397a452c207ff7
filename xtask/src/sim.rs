//! `cargo xtask sim`: builds the simulation as it is fast, and plays days.
//!
//! **Invariant:** only the simulation and what it plays with are built: no server, no site.

use anyhow::Result;

use crate::steps::{self, Counts};
use crate::{paths, process};

/// Plays as many days as the arguments say.
pub fn command(args: &[String]) -> Result<()> {
    build()?;
    process::run(process::program(paths::target()?.join("release").join(paths::program("sim")), []).args(args))
}

fn build() -> Result<Counts> {
    steps::check(&mut process::cargo(["build", "--quiet", "--release", "--package", "sim"]))
}
