//! `cargo xtask test`: everything that must hold, in the order of what it costs.
//!
//! **Invariant:** what passes here passes on the build machine, which runs this same command.

use std::process::Command;

use anyhow::{Result, bail};

use crate::browser::Browser;
use crate::steps::{self, Counts, Steps};
use crate::{browser, fuzz, node, paths, postgres, process, redis, sim, site, tools};

/// Runs on the machine itself.
const NATIVE: [&str; 6] = ["domain", "protocol", "sync", "sim", "server", "xtask"];
/// Native too, but a library for measurements and for tests that need a browser, and what is fuzzed.
const OUTSIDE: [&str; 3] = ["tests", "bench", "server-fuzz"];
/// Runs in a browser.
const WASM: [&str; 4] = ["browser", "client", "sw", "bench-page"];
const WASM_TARGET: &str = "--target=wasm32-unknown-unknown";

/// Two browsers at once: more would make a small machine so slow that waiting for a screen runs out of time.
const STORIES_AT_ONCE: &str = "--test-threads=2";

/// Runs all, or only the tests whose names contain one of the filters.
pub fn run(args: &[String]) -> Result<()> {
    let quick = args.iter().any(|argument| argument == "--quick");
    let filters: Vec<&str> = args.iter().map(String::as_str).filter(|argument| *argument != "--quick").collect();
    if let Some(unknown) = filters.iter().find(|filter| filter.starts_with('-')) {
        bail!("test knows --quick and names of tests, not {unknown}");
    }
    // rust-embed wants its folder when the server is compiled; it fills when the site is built.
    std::fs::create_dir_all(paths::dist())?;

    let lints = if filters.is_empty() { if quick { 2 } else { 3 } } else { 0 };
    let is_fuzzed = !quick && filters.is_empty();
    let mut steps = Steps::new(lints + if quick { 2 } else { 9 } + usize::from(filters.is_empty()) + 3 * usize::from(is_fuzzed));
    if filters.is_empty() {
        lint(&mut steps, quick);
    }
    steps.step("native tests", || {
        redis::ensure()?;
        steps::tests(with_filters(process::cargo(["test", "--no-fail-fast"]).args(packages(&NATIVE)), &filters))
    });
    if filters.is_empty() {
        steps.step(sim::NAME, sim::run);
    }
    steps.step("API tests on PostgreSQL", || {
        let cluster = postgres::Cluster::start()?;
        let mut command = process::cargo(["test", "--no-fail-fast", "--package", "server", "--test", "api"]);
        steps::tests(with_filters(cluster.tell(&mut command), &filters))
    });
    if is_fuzzed {
        steps.step(fuzz::clause::NAME, fuzz::clause::run);
        steps.step(fuzz::NAME, fuzz::run);
    }
    if !quick {
        // By themselves: together with the others they would have them built with the screen's features too.
        steps.step("what the screen says", || {
            steps::tests(with_filters(process::cargo(["test", "--no-fail-fast"]).args(packages(&["client"])), &filters))
        });
        let server = steps.step("server", || steps::check(&mut process::cargo(["build", "--package", "server"])));
        if server {
            steps.step(node::NAME, || node::run(&filters));
        } else {
            steps.skip(node::NAME, "the server did not build");
        }
        in_browser(&mut steps, &filters, server);
    }
    steps.finish()
}

fn lint(steps: &mut Steps, quick: bool) {
    steps.step("formatting", || {
        tools::ensure_lints()?;
        steps::check(&mut process::cargo(["fmt", "--all", "--check"]))
    });
    steps.step("clippy", || clippy(&packages(&[&NATIVE[..], &OUTSIDE].concat())));
    if !quick {
        steps.step("clippy for WASM", || {
            tools::ensure_wasm_target()?;
            clippy(&[&[WASM_TARGET], &packages(&WASM)[..]].concat())
        });
    }
}

fn in_browser(steps: &mut Steps, filters: &[&str], server: bool) {
    let mut found = None;
    steps.step("browser and tools", || {
        found = Some(browser::ensure()?);
        tools::ensure_wasm_target()?;
        tools::path_with_tools()?;
        Ok(Counts::default())
    });
    let Some(browser) = found else {
        for name in ["WASM tests", "site", "browser stories"] {
            steps.skip(name, "the browser is missing");
        }
        return;
    };
    steps.step("WASM tests", || wasm_tests(&browser, filters));
    let site = steps.step("site", || site::build(site::Profile::Release).map(|()| Counts::default()));
    if site && server {
        steps.step("browser stories", || stories(&browser, filters));
    } else {
        steps.skip("browser stories", "site or server did not build");
    }
}

fn clippy(packages: &[&str]) -> Result<Counts> {
    steps::check(process::cargo(["clippy", "--all-targets"]).args(packages).args(["--", "-D", "warnings"]))
}

fn wasm_tests(browser: &Browser, filters: &[&str]) -> Result<Counts> {
    // `--tests` leaves out the documentation's examples, which the runner cannot run.
    let mut command = process::cargo(["test", "--no-fail-fast", "--tests", WASM_TARGET, "--package", "browser"]);
    command
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", tools::wasm_test_runner()?)
        .env("CHROMEDRIVER", &browser.driver)
        // Seconds for all tests of one file together; the runner's own twenty are short on a busy machine.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    steps::tests(with_filters(&mut command, filters))
}

fn stories(browser: &Browser, filters: &[&str]) -> Result<Counts> {
    let mut command = process::cargo(["test", "--no-fail-fast", "--package", "tests", "--package", "bench"]);
    // A story's error says what the page showed; where in the harness it arose is of no use.
    command.env("CHROMIUM", &browser.chromium).env("RUST_LIB_BACKTRACE", "0");
    command.env("TURNS_SERVER", paths::built_server()?);
    steps::tests(with_filters(&mut command, filters).arg(STORIES_AT_ONCE))
}

fn with_filters<'a>(command: &'a mut Command, filters: &[&str]) -> &'a mut Command {
    command.arg("--").args(filters)
}

fn packages<'a>(names: &[&'a str]) -> Vec<&'a str> {
    names.iter().flat_map(|name| ["--package", name]).collect()
}
