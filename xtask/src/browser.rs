//! The browser of the tests: Chromium and its driver, found or installed.
//!
//! **Invariant:** nothing is installed when both are there, or where the system has no apt.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{paths, process};

/// What the tests need.
pub struct Browser {
    /// Drives the app in `tests/`.
    pub chromium: PathBuf,
    /// Runs the WASM tests of `browser/`.
    pub driver: PathBuf,
}

/// Finds the browser, or installs it on Debian and its like.
pub fn ensure() -> Result<Browser> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    if paths::find_program("apt-get").is_none() {
        bail!("the browser tests need Chromium and chromedriver: install both, or set CHROMIUM and CHROMEDRIVER to their programs");
    }
    println!("Installing chromium and chromium-driver");
    process::run(&mut as_root(&["apt-get", "update", "--quiet=2"])?)?;
    process::run(&mut as_root(&[
        "apt-get",
        "install",
        "--quiet=2",
        "--yes",
        "--no-install-recommends",
        "chromium",
        "chromium-driver",
    ])?)?;
    match find() {
        Some(browser) => Ok(browser),
        None => bail!("chromium and chromium-driver are installed, but not on the PATH: set CHROMIUM and CHROMEDRIVER to their programs"),
    }
}

fn find() -> Option<Browser> {
    let chromium = named("CHROMIUM", &["chromium", "chromium-browser", "google-chrome"])?;
    let driver = named("CHROMEDRIVER", &["chromedriver"])?;
    Some(Browser { chromium, driver })
}

/// The program that a variable names, else the first of these on the PATH.
fn named(variable: &str, names: &[&str]) -> Option<PathBuf> {
    let chosen = std::env::var_os(variable).map(PathBuf::from).filter(|file| file.is_file());
    chosen.or_else(|| names.iter().find_map(|name| paths::find_program(name)))
}

fn as_root(line: &[&str]) -> Result<Command> {
    let is_root = process::output(&mut process::program("id", ["-u"])).is_ok_and(|id| id == "0");
    let mut words = line.iter().copied();
    let mut command = if is_root {
        process::program(words.next().unwrap_or_default(), [])
    } else if paths::find_program("sudo").is_some() {
        process::program("sudo", ["--non-interactive"])
    } else {
        bail!("the browser tests need Chromium and chromedriver; as root: apt-get install chromium chromium-driver");
    };
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}
