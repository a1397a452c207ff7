//! The site: client and worker as WASM, put together by Trunk and finished by [`crate::finish`].
//!
//! **Invariant:** `dist/` is either the site of the sources as they are, or is built again.

use std::fs::{self, File};

use anyhow::{Context, Result};

use crate::{finish, paths, process, stamp, tools};

/// Everything that can change a byte of the site.
const INPUTS: [&str; 16] = [
    "client",
    "sw",
    "browser/Cargo.toml",
    "browser/src",
    "sync/Cargo.toml",
    "sync/src",
    "protocol",
    "domain",
    "public",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
    "xtask/src/finish",
    "xtask/src/site.rs",
    "xtask/src/tools.rs",
];

/// How the WASM is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Small and quick to load; what is tested and delivered.
    Release,
    /// Quick to build, with readable stack traces.
    Dev,
}

impl Profile {
    /// `--dev` or nothing.
    pub fn from_args(args: &[String]) -> Self {
        if args.iter().any(|argument| argument == "--dev") {
            Self::Dev
        } else {
            Self::Release
        }
    }

    fn trunk_args(self) -> &'static [&'static str] {
        match self {
            Self::Release => &["build"],
            Self::Dev => &["build", "--release", "false", "--cargo-profile", "dev"],
        }
    }
}

/// Builds the site unless nothing has changed since the last time.
pub fn build(profile: Profile) -> Result<()> {
    let target = paths::target()?;
    // Two at once would empty each other's staging folder.
    let lock = File::create(target.join("site.lock"))?;
    lock.lock().context("waiting for another build of the site")?;

    let stamp_file = target.join("site.stamp");
    let stamp = stamp::of(paths::root(), &INPUTS, profile.trunk_args().last().unwrap_or(&""))?;
    if fs::read_to_string(&stamp_file).is_ok_and(|last| last == stamp) && paths::dist().join("sw.js").is_file() {
        println!("The site in dist/ is up to date.");
        return Ok(());
    }
    fs::remove_file(&stamp_file).ok();
    trunk(profile)?;
    finish::report()?;
    fs::write(stamp_file, stamp)?;
    Ok(())
}

fn trunk(profile: Profile) -> Result<()> {
    tools::ensure_wasm_target()?;
    let path = tools::path_with_tools()?;
    // Trunk itself stays off the network (Trunk.toml), also for crates.
    process::run(&mut process::cargo(["fetch"]))?;
    let mut trunk = process::program(tools::TRUNK.folder()?.join(paths::program("trunk")), profile.trunk_args().iter().copied());
    // Trunk reads NO_COLOR as a boolean of its own and refuses the usual "1".
    // A compile error is told by the compiler; Trunk's own backtrace would only hide it.
    process::run(trunk.env("PATH", path).env("RUST_BACKTRACE", "0").env_remove("NO_COLOR"))
}
