//! The reader of a client's own SQL, given texts that a fuzzer makes: LLVM's, which prefers those that take a new way through it.
//!
//! The program and the texts to begin with lie in `server/fuzz`, as cargo-fuzz has them. Only the program itself is compiled with the
//! counters that show a text's way, the reader in it; that needs no nightly compiler, and everything else is built for the tests already.
//!
//! **Invariant:** it takes a set time; a text that breaks something is kept, and named.

use std::fs;

use anyhow::{Context, Result};

use crate::steps::Counts;
use crate::{apt, paths, process};

/// What the step is called.
pub const NAME: &str = "where fuzz";

const SECONDS: &str = "-max_total_time=15";
/// One text may take so many seconds.
const AT_MOST: &str = "-timeout=5";
/// Longer than a clause may be.
const MOST_BYTES: &str = "-max_len=20000";
const COUNTERS: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Builds it and lets it run for its time.
pub fn run() -> Result<Counts> {
    if paths::find_program("c++").is_none() {
        apt::install(&["g++"], "the fuzzer is C++ and needs a compiler for it")?;
    }
    let build = ["rustc", "--package", "server-fuzz", "--bin", "where_clause", "--"];
    process::run(process::cargo(build).args(COUNTERS))?;
    let found = paths::target()?.join("fuzz/where_clause");
    fs::create_dir_all(found.join("faults")).with_context(|| format!("making {}", found.display()))?;
    let texts = found.join("texts");
    fs::create_dir_all(&texts)?;
    let program = paths::target()?.join("debug").join(paths::program("where_clause"));
    let mut command = process::program(program, [SECONDS, AT_MOST, MOST_BYTES, "-verbosity=0", "-print_final_stats=1"]);
    command.arg(format!("-artifact_prefix={}/", found.join("faults").display()));
    // What is found goes to the first folder.
    command
        .arg(texts)
        .args(["server/fuzz/corpus/where_clause", "-dict=server/fuzz/where_clause.dict"]);
    process::run(&mut command)?;
    Ok(Counts::of(1, 0))
}
