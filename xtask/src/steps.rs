//! The steps of a test run: named, timed, counted, summed up.
//!
//! **Invariant:** every step runs even when an earlier one failed, unless it needs that one, and a failed step is
//! counted as a failure even when no test said so (a compile error, a lint).

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process;

/// Passed and failed tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    passed: u32,
    failed: u32,
}

/// How one step went.
struct Outcome {
    name: &'static str,
    took: Duration,
    counts: Counts,
    error: Option<String>,
}

/// A run of steps.
pub struct Steps {
    planned: usize,
    done: Vec<Outcome>,
}

impl Steps {
    /// A run that will have so many steps.
    pub fn new(planned: usize) -> Self {
        Self { planned, done: Vec::new() }
    }

    /// Runs one step; whether it went well.
    pub fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<Counts>) -> bool {
        println!("\n── {}/{} {name}", self.done.len() + 1, self.planned);
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        let (counts, error) = match result {
            Ok(counts) if counts.failed == 0 => (counts, None),
            Ok(counts) => (counts, Some(format!("{} failed", counts.failed))),
            Err(error) => (Counts { passed: 0, failed: 1 }, Some(format!("{error:#}"))),
        };
        println!("── {} {name} ({})", if error.is_none() { "ok" } else { "FAILED" }, seconds(took));
        self.done.push(Outcome { name, took, counts, error });
        self.done.last().is_some_and(|outcome| outcome.error.is_none())
    }

    /// Notes a step that could not run.
    pub fn skip(&mut self, name: &'static str, because: &str) {
        println!("\n── {}/{} {name}: not run, {because}", self.done.len() + 1, self.planned);
        let error = Some(format!("not run, {because}"));
        self.done.push(Outcome {
            name,
            took: Duration::ZERO,
            counts: Counts { passed: 0, failed: 1 },
            error,
        });
    }

    /// Prints the summary; its last line is `N passed, N failed`.
    pub fn finish(self) -> Result<()> {
        println!("\nSummary");
        let mut sum = Counts::default();
        for outcome in &self.done {
            let tests = if outcome.counts.passed > 0 {
                format!("{} passed", outcome.counts.passed)
            } else {
                String::new()
            };
            let verdict = outcome.error.as_deref().unwrap_or("ok");
            println!("  {:<28} {:>8}  {tests:<12} {verdict}", outcome.name, seconds(outcome.took));
            sum.add(outcome.counts);
        }
        println!("  {:<28} {:>8}\n", "all", seconds(self.done.iter().map(|outcome| outcome.took).sum()));
        println!("{} passed, {} failed", sum.passed, sum.failed);
        if sum.failed > 0 {
            bail!("not everything passed");
        }
        Ok(())
    }
}

impl Counts {
    /// So many.
    pub const fn of(passed: u32, failed: u32) -> Self {
        Self { passed, failed }
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// What one line of a test program's output says, if it is the line with its result.
    fn from_line(line: &str) -> Option<Self> {
        let (_, counts) = line.split_once("test result: ")?;
        let number_before = |word: &str| counts.split_once(word)?.0.rsplit([' ', '.']).find(|part| !part.is_empty())?.parse().ok();
        Some(Self {
            passed: number_before(" passed")?,
            failed: number_before(" failed")?,
        })
    }
}

/// Runs a command that is no test.
pub fn check(command: &mut Command) -> Result<Counts> {
    process::run(command)?;
    Ok(Counts::default())
}

/// Runs `cargo test`, shows its output as it comes and counts the results in it.
pub fn tests(command: &mut Command) -> Result<Counts> {
    counted(command, Counts::from_line)
}

/// Runs tests of any kind, shows their output as it comes and counts what `count` reads in its lines.
pub fn counted(command: &mut Command, count: impl Fn(&str) -> Option<Counts>) -> Result<Counts> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {}", process::line(command)))?;
    let output = child.stdout.take().context("the output of the tests")?;
    let mut sum = Counts::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        writeln!(std::io::stdout(), "{line}")?;
        if let Some(counts) = count(&line) {
            sum.add(counts);
        }
    }
    let status = child.wait()?;
    if !status.success() && sum.failed == 0 {
        bail!("{} ended with {status}", process::line(command));
    }
    Ok(sum)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests_of_counting {
    use super::*;

    #[test]
    fn results_are_read_from_a_test_programs_last_line() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.02s";
        assert_eq!(Counts::from_line(line), Some(Counts { passed: 12, failed: 3 }));
        assert_eq!(Counts::from_line("test board::moves ... ok"), None);
    }

    #[test]
    fn a_step_that_breaks_counts_as_one_failure() {
        let mut steps = Steps::new(2);
        assert!(steps.step("fine", || Ok(Counts { passed: 2, failed: 0 })));
        assert!(!steps.step("broken", || bail!("no compiler")));
        assert!(steps.finish().is_err());
    }
}
