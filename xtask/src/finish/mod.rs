//! The last steps of building the site, after Trunk has laid its files out.
//!
//! Trunk cannot make a service worker of one file, list what that worker shall keep, or compress. This does, in
//! Trunk's staging folder, as its `post_build` hook; so a plain `trunk build` gives the same site.
//!
//! **Invariant:** when it has run, `sw.js` needs no other file to start, and no page holds an inline script.

mod compress;
pub mod names;
mod page;
mod precache;
mod worker;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{paths, stamp};

/// The hook: finishes the site in `TRUNK_STAGING_DIR`.
pub fn run() -> Result<()> {
    let stage = PathBuf::from(std::env::var_os("TRUNK_STAGING_DIR").context("TRUNK_STAGING_DIR is not set: Trunk calls this, see Trunk.toml")?);
    // A development build keeps its names, for readable stack traces.
    if std::env::var("TRUNK_PROFILE").as_deref() == Ok("release") {
        for file in files(&stage)?
            .iter()
            .filter(|file| file.extension().is_some_and(|extension| extension == "wasm"))
        {
            fs::write(file, names::strip(&fs::read(file)?)?)?;
        }
    }
    page::move_script_out(&stage)?;
    let loader = worker::take_apart(&stage)?;
    // Only now are the files that are left the ones that a page can ask for.
    let precache = precache::list(&stage)?;
    fs::write(stage.join("sw.js"), loader.with_precache(&precache))?;
    compress::folder(&stage)
}

/// Prints what a first visit costs.
pub fn report() -> Result<()> {
    for file in files(&paths::dist())? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let (true, Ok(packed)) = (name.ends_with(".wasm") || name == "sw.js", fs::metadata(file.with_added_extension("br"))) {
            println!("{name}: {} kB, {} kB as brotli", fs::metadata(&file)?.len() / 1000, packed.len() / 1000);
        }
    }
    Ok(())
}

/// The files of the site, in a fixed order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    stamp::collect(folder, &mut files)?;
    files.sort();
    Ok(files)
}
