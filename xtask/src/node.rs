//! Electric's own clients, as their users have them, against our server: `tests/ecosystem`, in Node.js.
//!
//! **Invariant:** the packages are those of the lock file; where they are there already, nothing is asked of the network.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::{self, Counts, Steps};
use crate::{paths, process, python};

/// What the step is called.
pub const NAME: &str = "Electric's own clients";

/// The first version whose test runner ends a file when its tests have ended, whatever timers a client has left behind.
const OLDEST: (u32, u32) = (20, 14);

/// The command by itself.
pub fn command(args: &[String]) -> Result<()> {
    let mut steps = Steps::new(1);
    steps.step(NAME, || {
        process::run(&mut process::cargo(["build", "--package", "server"]))?;
        run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    });
    steps.finish()
}

/// Runs the tests whose names contain one of the filters, or all, against the built server.
pub fn run(filters: &[&str]) -> Result<Counts> {
    let npm = Npm {
        path: path_with_node()?,
        folder: paths::root().join("tests").join("ecosystem"),
    };
    npm.install()?;
    let mut command = npm.command(&["test", "--silent", "--"]);
    command.args(filters.iter().map(|filter| format!("--test-name-pattern={filter}")));
    steps::counted(command.env("TURNS_SERVER", paths::built_server()?), counts)
}

/// npm in the tests' folder.
struct Npm {
    path: OsString,
    folder: PathBuf,
}

impl Npm {
    /// Installs the packages unless the last installation was of this same lock file.
    fn install(&self) -> Result<()> {
        let lock = fs::read(self.folder.join("package-lock.json")).context("the lock file of tests/ecosystem")?;
        let installed = self.folder.join("node_modules").join(".installed-lock");
        if fs::read(&installed).is_ok_and(|installed| installed == lock) {
            return Ok(());
        }
        process::run(&mut self.command(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
        Ok(fs::write(installed, lock)?)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = process::program("npm", args.iter().copied());
        command.current_dir(&self.folder).env("PATH", &self.path);
        command
    }
}

/// The PATH, with a Node.js that is new enough first: the system's own, or one in the tools' cache.
pub fn path_with_node() -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_new_enough = || version(&process::output(&mut process::program("node", ["--version"])).ok()?).filter(|version| *version >= OLDEST);
    if paths::find_program("npm").is_some() && is_new_enough().is_some() {
        return Ok(path);
    }
    let folders = [python::NODE.folder()?].into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(folders).context("a folder of the PATH has a name that cannot stand in one")
}

/// `v20.14.1` as numbers, without the last.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// What a line of the test runner's summary says: `ℹ pass 12`.
fn counts(line: &str) -> Option<Counts> {
    let (word, number) = line.strip_prefix("ℹ ")?.split_once(' ')?;
    let number = number.parse().ok()?;
    match word {
        "pass" => Some(Counts::of(number, 0)),
        "fail" | "cancelled" => Some(Counts::of(0, number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_the_summary() {
        assert_eq!(counts("ℹ pass 12"), Some(Counts::of(12, 0)));
        assert_eq!(counts("ℹ cancelled 1"), Some(Counts::of(0, 1)));
        assert_eq!(counts("ℹ duration_ms 33362.4"), None);
        assert_eq!(counts("✔ pass 1 (3 ms)"), None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(version("v20.2.0").unwrap() < OLDEST);
        assert!(version("v100.0.0\n").unwrap() > OLDEST);
        assert_eq!(version("20"), None);
    }
}
