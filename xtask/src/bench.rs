//! `cargo xtask bench`, `bench server`, `bench shapes`, `bench sync` and `bench peers`: builds what is measured, then measures.
//!
//! **Invariant:** measured is what is delivered: the release forms of site and server.

use std::ffi::OsStr;

use anyhow::Result;

use crate::{browser, paths, peers, process, site};

/// Runs the `bench` program, passing the arguments on.
pub fn run(args: &[String]) -> Result<()> {
    match args.first().map(String::as_str) {
        Some("server" | "shapes") => return measure(args, &[]),
        Some("peers") => return peers::run(&args[1..]),
        _ => {}
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
