//! `cargo xtask bench`, `bench server` and `bench shapes`: builds what is measured, then measures.
//!
//! **Invariant:** measured is what is delivered: the release forms of site and server.

use std::ffi::OsStr;

use anyhow::Result;

use crate::{browser, paths, process, site};

/// Runs the `bench` program, passing the arguments on.
pub fn run(args: &[String]) -> Result<()> {
    if args.first().is_some_and(|what| what == "server" || what == "shapes") {
        return measure(args, &[]);
    }
    let browser = browser::ensure()?;
    site::build(site::Profile::Release)?;
    measure(args, &[("CHROMIUM", browser.chromium.as_os_str())])
}

fn measure(args: &[String], env: &[(&str, &OsStr)]) -> Result<()> {
    // rust-embed wants its folder when the server is compiled, be there a site or not.
    std::fs::create_dir_all(paths::dist())?;
    process::run(&mut process::cargo(["build", "--release", "--package", "server"]))?;
    let mut bench = process::cargo(["run", "--release", "--package", "bench", "--"]);
    bench.args(args).envs(env.iter().copied());
    bench.env("TURNS_SERVER", paths::target()?.join("release").join(paths::program("turns-server")));
    process::run(&mut bench)
}
