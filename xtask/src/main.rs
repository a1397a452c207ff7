//! The developer's commands: `cargo xtask run`, `test`, `build`, `bench`.
//!
//! One program instead of a folder of scripts, so that a fresh machine needs Rust and nothing else: whatever more a
//! command needs (the WASM target, Trunk, a browser for the tests) it installs or asks for in one clear line.
//!
//! **Invariant:** it compiles before anything else does, so its dependencies stay few.

mod apt;
mod bench;
mod browser;
mod demo;
mod finish;
mod fuzz;
mod node;
mod paths;
mod peers;
mod postgres;
mod process;
mod python;
mod redis;
mod release;
mod sim;
mod site;
mod stamp;
mod steps;
mod test;
mod tools;

use std::process::ExitCode;

const HELP: &str = "cargo xtask <command>

  run [--demo N] [--port P] [--dev]   build the app and serve it with a demo of N homes (200) on port P (8080)
  test [--quick] [filter…]            run every check and test; --quick leaves out WASM and the browser
  postgres <command…>                 run a command with a PostgreSQL, and a standby of it, to test on
  build                               make the one file to install: target/turns-server
  fuzz                                give the reader of conditions any text, and the API thousands of requests made from its description
  sim [--runs N] [--seed S]           play N days of many devices from seed S on, and hold each against the law
  ecosystem [filter…]                 test with Electric's own clients, in Node.js
  openapi                             print the description of the API (OpenAPI 3.1)
  bench [args…]                       measure; arguments go to the bench program
  bench peers --harness DIR [args…]   measure the device's store beside other libraries; further arguments go to the harness
  site [--dev]                        build only the site, into dist/
  ci                                  what the build machine runs: the same as test
  finish-site                         called by Trunk when its part of the site is done
  help                                this list

--dev builds the WASM without optimising it: quicker to build, larger to load.";

fn main() -> ExitCode {
    let args = own(std::env::args().skip(1).collect());
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("", args.as_slice()),
    };
    let result = match command {
        "run" => demo::run(rest),
        "test" | "ci" => test::run(rest),
        "postgres" => postgres::run(rest),
        "build" => release::build(),
        "fuzz" => fuzz::command(),
        "sim" => sim::command(rest),
        "ecosystem" => node::command(rest),
        "openapi" => process::run(&mut process::cargo(["run", "--quiet", "--package", "server", "--", "openapi"])),
        "bench" => bench::run(rest),
        "site" => site::build(site::Profile::from_args(rest)),
        "finish-site" => finish::run(),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        unknown => {
            if !unknown.is_empty() {
                eprintln!("There is no command {unknown:?}.\n");
            }
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ncargo xtask {command}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The arguments without the first `--`, which only tells them from another program's: behind it stands nothing of ours. In a line that
/// `postgres` runs every one is that line's, but for one before it.
fn own(mut args: Vec<String>) -> Vec<String> {
    let first = args.iter().position(|argument| argument == "--");
    let is_a_lines = args.first().is_some_and(|command| command == "postgres");
    if let Some(first) = first.filter(|first| !is_a_lines || *first == 1) {
        args.remove(first);
    }
    args
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn one_divider_is_ours_and_the_others_are_passed_on() {
        for (given, read) in [
            ("test -- writes shapes", "test writes shapes"),
            ("test --quick -- writes", "test --quick writes"),
            ("bench -- run -- --fast", "bench run -- --fast"),
            (
                "postgres cargo test --test api -- writes shapes",
                "postgres cargo test --test api -- writes shapes",
            ),
            ("postgres -- cargo test -- writes shapes", "postgres cargo test -- writes shapes"),
            ("-- postgres cargo test -- writes", "postgres cargo test -- writes"),
            ("", ""),
        ] {
            let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(own(words(given)), words(read), "{given}");
        }
    }
}
