//! `cargo xtask build`: the one file to install.
//!
//! **Invariant:** the file holds the whole app; it needs no other file and no setting to start.

use std::fs;

use anyhow::Result;

use crate::{paths, process, site};

/// Builds the site, then the server with the site inside, and puts it where it is easy to find.
pub fn build() -> Result<()> {
    site::build(site::Profile::Release)?;
    process::run(&mut process::cargo(["build", "--release", "--package", "server"]))?;
    let target = paths::target()?;
    let name = paths::program("turns-server");
    let built = target.join(&name);
    fs::copy(target.join("release").join(&name), &built)?;

    let shown = built.strip_prefix(paths::root()).unwrap_or(&built);
    let megabytes = fs::metadata(&built)?.len() as f64 / 1e6;
    println!("\n{} ({megabytes:.1} MB) is the whole app. Start it with", shown.display());
    println!(
        "    ./{}                 (its data goes to ./data, its address is http://localhost:8080)",
        shown.display()
    );
    println!("    ./{} --demo 200      (with a demo to look at)", shown.display());
    Ok(())
}
