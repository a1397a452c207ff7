//! The tools beside cargo, in the versions that fit together.
//!
//! They live in a cache of the user's, one folder per version, so that another project's versions are never touched
//! and a second checkout finds them ready.
//!
//! **Invariant:** a version stands here and nowhere else; wasm-bindgen's equals the crate's in Cargo.toml.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{paths, process};

/// A program that `cargo install` makes.
pub struct Tool {
    krate: &'static str,
    version: &'static str,
    /// One of the programs that the crate installs; there when the installation is complete.
    program: &'static str,
}

/// Puts the site together. 0.22 needs a newer compiler than `rust-version`.
pub const TRUNK: Tool = Tool {
    krate: "trunk",
    version: "0.21.14",
    program: "trunk",
};

/// Makes JavaScript glue, and runs WASM tests in a browser.
pub const WASM_BINDGEN: Tool = Tool {
    krate: "wasm-bindgen-cli",
    version: "0.2.129",
    program: "wasm-bindgen-test-runner",
};

/// What WASM is compiled for.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

impl Tool {
    /// The folder of its programs, installed now if it was not yet.
    pub fn folder(&self) -> Result<PathBuf> {
        let cache = paths::tools_cache()?;
        let root = cache.join(format!("{}-{}", self.krate, self.version));
        let folder = root.join("bin");
        if !folder.join(paths::program(self.program)).is_file() {
            println!("Installing {} {} (a few minutes, once)", self.krate, self.version);
            let mut install = process::cargo(["install", "--debug", "--locked", "--no-default-features", self.krate, "--version", self.version]);
            install.arg("--root").arg(&root);
            // Debug information would triple the time; one build folder lets the tools share what they have in common.
            install.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_TARGET_DIR", cache.join("build"));
            process::run(&mut install).with_context(|| format!("installing {}", self.krate))?;
        }
        Ok(folder)
    }
}

/// The PATH with the tools first.
pub fn path_with_tools() -> Result<OsString> {
    let mut folders = vec![TRUNK.folder()?, WASM_BINDGEN.folder()?];
    // What they were built from is no longer needed, and large.
    std::fs::remove_dir_all(paths::tools_cache()?.join("build")).ok();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    std::env::join_paths(folders).context("a folder of the PATH has a name that cannot stand in one")
}

/// The runner that `cargo test` needs for WASM.
pub fn wasm_test_runner() -> Result<PathBuf> {
    Ok(WASM_BINDGEN.folder()?.join(paths::program(WASM_BINDGEN.program)))
}

/// Adds the WASM target to the toolchain if it is missing.
pub fn ensure_wasm_target() -> Result<()> {
    let sysroot = PathBuf::from(process::output(&mut process::program("rustc", ["--print", "sysroot"]))?);
    if sysroot.join("lib/rustlib").join(WASM_TARGET).is_dir() {
        return Ok(());
    }
    process::run(&mut process::program("rustup", ["target", "add", WASM_TARGET]))
        .with_context(|| format!("the Rust toolchain lacks the target {WASM_TARGET}; without rustup, install your system's package for it"))
}

/// Adds rustfmt and clippy to the toolchain if they are missing.
pub fn ensure_lints() -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if process::output(&mut process::cargo([subcommand, "--version"])).is_err() {
            process::run(&mut process::program("rustup", ["component", "add", component]))?;
        }
    }
    Ok(())
}
