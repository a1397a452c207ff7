//! `cargo xtask run`: the app with a demo to look at.
//!
//! **Invariant:** it touches no database but `data/demo.db`, and none at all where `DATABASE_URL` names another.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{paths, process, site};

/// What `run` was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    properties: u32,
    port: u16,
}

/// Builds the site and the server, and becomes the server: Ctrl-C ends it and this command together.
pub fn run(args: &[String]) -> Result<()> {
    let options = Options::from_args(args)?;
    site::build(site::Profile::from_args(args))?;
    process::run(&mut process::cargo(["build", "--package", "server"]))?;

    let server = paths::built_server()?;
    let mut command = process::program(server, ["--demo", &options.properties.to_string()]);
    command.env("PORT", options.port.to_string());
    if std::env::var_os("DATABASE_URL").is_none() {
        prepare_database(&paths::root().join("data"), options.properties)?;
        command.env("DATABASE_URL", "sqlite://data/demo.db?mode=rwc");
    }
    process::become_program(&mut command)
}

impl Options {
    fn from_args(args: &[String]) -> Result<Self> {
        let mut options = Self { properties: 200, port: 8080 };
        let mut args = args.iter();
        while let Some(argument) = args.next() {
            let mut value = || args.next().with_context(|| format!("{argument} needs a number"));
            match argument.as_str() {
                "--demo" => options.properties = value()?.parse().context("--demo takes the number of homes")?,
                "--port" => options.port = value()?.parse().context("--port takes a port's number")?,
                "--dev" => {}
                unknown => bail!("run knows --demo N, --port P and --dev, not {unknown}"),
            }
        }
        Ok(options)
    }
}

/// Starts the demo anew when another size is wanted than the one that is there; else what was done in it stays.
fn prepare_database(folder: &Path, properties: u32) -> Result<()> {
    fs::create_dir_all(folder)?;
    let size_file = folder.join("demo.size");
    let size = properties.to_string();
    if folder.join("demo.db").is_file() && fs::read_to_string(&size_file).is_ok_and(|last| last == size) {
        println!("Going on with the demo in data/demo.db; delete that file to start afresh.");
        println!("Sign in as manager@example.com or admin@example.com with the password turns-demo.");
        return Ok(());
    }
    for file in ["demo.db", "demo.db-wal", "demo.db-shm"] {
        fs::remove_file(folder.join(file)).ok();
    }
    println!("Making a new demo of {properties} homes in data/demo.db.");
    fs::write(size_file, size)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options> {
        Options::from_args(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_have_defaults_and_are_checked() {
        assert_eq!(options("").unwrap(), Options { properties: 200, port: 8080 });
        assert_eq!(options("--dev --port 9000 --demo 5").unwrap(), Options { properties: 5, port: 9000 });
        assert!(options("--port").is_err());
        assert!(options("--port ninety").is_err());
        assert!(options("--verbose").is_err());
    }
}
