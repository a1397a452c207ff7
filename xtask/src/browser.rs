//! The browser of the tests: Chromium and its driver, found or installed.
//!
//! **Invariant:** nothing is installed when both are there, or where the system has no apt.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::{apt, paths};

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
    apt::install(
        &["chromium", "chromium-driver"],
        "the browser tests need Chromium and chromedriver: install both, or set CHROMIUM and CHROMEDRIVER to their programs",
    )?;
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
