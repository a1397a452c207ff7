//! `cargo xtask sim`: plays many days and holds each against the law.
//!
//! **Invariant:** a run that fails says which, what happened, and how to see it again.

use sim::{Outcome, Size, coverage::Coverage, play, wrong::Wrong};
use std::{process::ExitCode, time::Instant};

const HELP: &str = "sim [--runs N] [--seed S] [--wrong NAME] [--story] [--devices N] [--deeds N]";
const LAST_EVENTS: usize = 80;
/// A table of a few runs is full of holes.
const RUNS_FOR_COVERAGE: u64 = 10_000;

struct Wanted {
    runs: u64,
    seed: u64,
    wrong: Option<Wrong>,
    has_story: bool,
    size: Size,
}

fn main() -> ExitCode {
    match read(std::env::args().skip(1)) {
        Ok(wanted) => run(&wanted),
        Err(problem) => {
            eprintln!("{problem}\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn read(mut args: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        runs: 10_000,
        seed: 1,
        wrong: None,
        has_story: false,
        size: Size::FULL,
    };
    while let Some(name) = args.next() {
        let mut number = || -> Result<u64, String> {
            let text = args.next().unwrap_or_default();
            text.parse().map_err(|_| format!("{name} wants a number, not {text:?}"))
        };
        match name.as_str() {
            "--runs" => wanted.runs = number()?,
            "--seed" => wanted.seed = number()?,
            "--devices" => wanted.size.devices = number()?.clamp(1, 9) as usize,
            "--deeds" => wanted.size.deeds = number()?.clamp(1, 10_000) as usize,
            "--story" => wanted.has_story = true,
            "--wrong" => {
                let wrong = args.next().unwrap_or_default();
                wanted.wrong = Some(
                    Wrong::ALL
                        .into_iter()
                        .find(|known| known.name() == wrong)
                        .ok_or(format!("no mistake is called {wrong:?}"))?,
                );
            }
            unknown => return Err(format!("what is {unknown}?")),
        }
    }
    Ok(wanted)
}

fn run(wanted: &Wanted) -> ExitCode {
    let start = Instant::now();
    let (coverage, mut writes) = (Coverage::default(), 0);
    for run in 0..wanted.runs {
        let seed = wanted.seed.wrapping_add(run);
        let outcome = play(seed, wanted.size, wanted.wrong, wanted.has_story);
        coverage.add(&outcome.coverage);
        writes += outcome.writes;
        if outcome.violation.is_some() {
            report(wanted, seed, run + 1);
            return ExitCode::FAILURE;
        }
        if wanted.has_story {
            println!("{}", outcome.story.join("\n"));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{coverage}\n");
    println!(
        "{} runs, {writes} writes, 0 violations in {seconds:.1} s: {:.0} runs a second",
        wanted.runs,
        wanted.runs as f64 / seconds
    );
    let missing = coverage.missing();
    if wanted.runs >= RUNS_FOR_COVERAGE && !missing.is_empty() {
        eprintln!("never happened: {missing:?}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Tells the smallest day of the seed in which a law is broken.
fn report(wanted: &Wanted, seed: u64, run: u64) {
    let mut size = wanted.size;
    let play = |size: Size| -> Outcome { play(seed, size, wanted.wrong, true) };
    let sizes = (1..=size.devices).flat_map(|devices| (1..=size.deeds).map(move |deeds| Size { devices, deeds }));
    let smallest = sizes.into_iter().find(|size| play(*size).violation.is_some());
    size = smallest.unwrap_or(size);
    let outcome = play(size);
    let most = if wanted.has_story { usize::MAX } else { LAST_EVENTS };
    let skipped = outcome.story.len().saturating_sub(most);
    eprintln!("{}", outcome.story[skipped..].join("\n"));
    let wrong = wanted.wrong.map(|wrong| format!(" --wrong {}", wrong.name())).unwrap_or_default();
    eprintln!("\nrun {run}, seed {seed}: {}", outcome.violation.unwrap_or_default());
    eprintln!(
        "again: cargo xtask sim --runs 1 --seed {seed} --devices {} --deeds {}{wrong} --story",
        size.devices, size.deeds
    );
}
