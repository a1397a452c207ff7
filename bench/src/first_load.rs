//! How much the first visit loads: every file of the site that a browser fetches, as it lies there and as it travels.

use crate::report::Report;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Adds up the site.
pub fn measure(report: &mut Report) -> Result<()> {
    let site = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../dist");
    let files = loaded_files(&site)?;
    let (worker, app): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.ends_with("sw.js"));
    for (name, files) in [("app", app), ("service worker", worker)] {
        for (form, suffix) in [("raw", ""), ("gzip", ".gz"), ("brotli", ".br")] {
            let bytes: u64 = files.iter().map(|file| size(file, suffix)).sum::<Result<u64>>()?;
            report.add(format!("first load: {name}, {form}"), (bytes as f64 / 1_000.0).round(), "kB");
        }
    }
    Ok(())
}

/// The page, its scripts, styles and WASM, and the worker. Icons and screenshots are fetched when the app is installed.
fn loaded_files(site: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(site).context("there is no site: cargo xtask site")?;
    let files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(files
        .into_iter()
        .filter(|file| {
            file.extension()
                .is_some_and(|kind| ["html", "js", "css", "wasm"].iter().any(|known| kind == *known))
        })
        .collect())
}

/// The compressed form where the server would send one.
fn size(file: &Path, suffix: &str) -> Result<u64> {
    let compressed = PathBuf::from(format!("{}{suffix}", file.display()));
    let sent = if compressed.is_file() { &compressed } else { file };
    Ok(std::fs::metadata(sent)?.len())
}
