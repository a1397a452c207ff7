//! Where things lie: the workspace, what cargo built, and the tools' cache.
//!
//! **Invariant:** no path is taken from the current folder, so every command works from anywhere in the workspace.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder of the workspace's Cargo.toml.
pub fn root() -> &'static Path {
    // xtask lies directly below it.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The folder that cargo builds into. This program was itself built there (`<target>/<profile>/xtask`), which also
/// holds when `CARGO_TARGET_DIR` or a configuration file has moved it.
pub fn target() -> Result<PathBuf> {
    let program = std::env::current_exe().context("where this program lies")?;
    let target = program
        .parent()
        .and_then(Path::parent)
        .context("this program lies outside of a target folder")?;
    Ok(target.to_path_buf())
}

/// The server as `cargo build` makes it.
pub fn built_server() -> Result<PathBuf> {
    Ok(target()?.join("debug").join(program("turns-server")))
}

/// The finished site.
pub fn dist() -> PathBuf {
    root().join("dist")
}

/// The name of a program's file on this system.
pub fn program(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// A program on the PATH.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program(name)))
        .find(|file| file.is_file())
}

/// Where tools that the workspace needs are kept for this user, over all checkouts.
pub fn tools_cache() -> Result<PathBuf> {
    let cache = match std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir().context("this user has no home folder; set XDG_CACHE_HOME")?.join(".cache"),
    };
    Ok(cache.join("turns-tools"))
}
