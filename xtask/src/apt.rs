//! Installing a system package that the tests need, on Debian and its like.
//!
//! **Invariant:** where it cannot, the error says what a person should install.

use anyhow::{Result, bail};
use std::process::Command;

use crate::{paths, process};

/// Installs packages; `needed` begins the error where that is not possible: “the tests need …”.
pub fn install(packages: &[&str], needed: &str) -> Result<()> {
    if paths::find_program("apt-get").is_none() {
        bail!("{needed}");
    }
    println!("Installing {}", packages.join(" and "));
    let needed = format!("{needed}; as root: apt-get install {}", packages.join(" "));
    process::run(&mut as_root(&["apt-get", "update", "--quiet=2"], &needed)?)?;
    let install = ["apt-get", "install", "--quiet=2", "--yes", "--no-install-recommends"];
    process::run(&mut as_root(&[&install, packages].concat(), &needed)?)
}

fn as_root(line: &[&str], needed: &str) -> Result<Command> {
    let mut words = line.iter().copied();
    let mut command = if process::is_root() {
        process::program(words.next().unwrap_or_default(), [])
    } else if paths::find_program("sudo").is_some() {
        process::program("sudo", ["--non-interactive"])
    } else {
        bail!("{needed}");
    };
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}
