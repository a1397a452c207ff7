//! `cargo xtask bench`: builds what is measured, then measures.
//!
//! **Invariant:** measured is what is delivered: the release forms of site and server.

use anyhow::Result;

use crate::{browser, paths, process, site};

/// Runs the `bench` program, passing the arguments on.
pub fn run(args: &[String]) -> Result<()> {
    let browser = browser::ensure()?;
    site::build(site::Profile::Release)?;
    process::run(&mut process::cargo(["build", "--release", "--package", "server"]))?;
    let mut bench = process::cargo(["run", "--release", "--package", "bench", "--"]);
    bench.args(args).env("CHROMIUM", browser.chromium);
    bench.env("TURNS_SERVER", paths::target()?.join("release").join(paths::program("turns-server")));
    process::run(&mut bench)
}
