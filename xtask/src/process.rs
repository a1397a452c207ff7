//! Running other programs.
//!
//! **Invariant:** a program that fails is named with its arguments, so that one can repeat it by hand.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::paths;

/// `cargo`, the one that runs this program, in the workspace's folder.
pub fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(paths::root()).args(args);
    command
}

/// Any other program, in the workspace's folder.
pub fn program<'a>(name: impl AsRef<std::ffi::OsStr>, args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(paths::root()).args(args);
    command
}

/// Runs a command to its end with its output passed through.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start {}", line(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", line(command));
    }
    Ok(())
}

/// Runs a command and hands back what it printed.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("could not start {}", line(command)))?;
    if !output.status.success() {
        bail!(
            "{} ended with {}:\n{}",
            line(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether this user may do everything.
pub fn is_root() -> bool {
    output(&mut program("id", ["-u"])).is_ok_and(|id| id == "0")
}

/// Becomes the program where the system can: a Ctrl-C then reaches only it, and its end is the end of this command.
#[cfg(unix)]
pub fn become_program(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(error).with_context(|| format!("could not start {}", line(command)))
}

/// Becomes the program, as nearly as this system can.
#[cfg(not(unix))]
pub fn become_program(command: &mut Command) -> Result<()> {
    run(command)
}

/// The command as one would type it.
pub fn line(command: &Command) -> String {
    let name = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut line = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
