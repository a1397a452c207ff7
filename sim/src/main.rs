//! `cargo xtask sim`: plays many days and holds each against the law.
//!
//! **Invariant:** a run that fails says which, what happened, and how to see it again.

use sim::{
    Size,
    runs::{Days, Totals},
    wrong::Wrong,
};
use std::{process::ExitCode, time::Instant};

const HELP: &str = "sim [--runs N] [--seed S] [--wrong NAME] [--story] [--devices N] [--deeds N]";
const LAST_EVENTS: usize = 80;
/// A table of a few runs is full of holes.
const RUNS_FOR_COVERAGE: u64 = 10_000;

struct Wanted {
    days: Days,
    has_story: bool,
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
    let mut days = Days {
        first: 1,
        count: 10_000,
        size: Size::FULL,
        wrong: None,
    };
    let mut has_story = false;
    while let Some(name) = args.next() {
        let mut number = || -> Result<u64, String> {
            let text = args.next().unwrap_or_default();
            text.parse().map_err(|_| format!("{name} wants a number, not {text:?}"))
        };
        match name.as_str() {
            "--runs" => days.count = number()?,
            "--seed" => days.first = number()?,
            "--devices" => days.size.devices = number()?.clamp(1, 9) as usize,
            "--deeds" => days.size.deeds = number()?.clamp(1, 10_000) as usize,
            "--story" => has_story = true,
            "--wrong" => {
                let wrong = args.next().unwrap_or_default();
                days.wrong = Some(
                    Wrong::ALL
                        .into_iter()
                        .find(|known| known.name() == wrong)
                        .ok_or(format!("no mistake is called {wrong:?}"))?,
                );
            }
            unknown => return Err(format!("what is {unknown}?")),
        }
    }
    Ok(Wanted { days, has_story })
}

fn run(wanted: &Wanted) -> ExitCode {
    let days = &wanted.days;
    if wanted.has_story && days.count == 1 {
        println!("{}", days.play(days.first, true).story.join("\n"));
    }
    let start = Instant::now();
    let totals = days.play_all();
    let seconds = start.elapsed().as_secs_f64();
    if let Some(seed) = totals.broken {
        report(wanted, seed);
        return ExitCode::FAILURE;
    }
    println!("{}\n", totals.coverage);
    println!(
        "{} runs ({} before the real server), {} writes, 0 violations in {seconds:.1} s: {:.0} runs a second",
        days.count,
        days.count_real(),
        totals.writes,
        days.count as f64 / seconds
    );
    let looks = totals.looks;
    println!(
        "looked {} times at values that could have flickered ({} of them at values set before), {} at rows made and {} at rows removed",
        looks.values, looks.values_again, looks.made, looks.removed
    );
    match why_nothing_is_proved(days, &totals) {
        Some(why) if days.count >= RUNS_FOR_COVERAGE => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// What has never happened proves nothing by not going wrong.
fn why_nothing_is_proved(days: &Days, totals: &Totals) -> Option<String> {
    let missing = totals.coverage.missing();
    if !missing.is_empty() {
        return Some(format!("never happened: {missing:?}"));
    }
    if totals.looks.is_blind() {
        return Some(format!("nobody has looked: {:?}", totals.looks));
    }
    (days.count_real() == 0).then(|| "no day was played before the real server".to_owned())
}

/// Tells the smallest day of the seed in which a law is broken.
fn report(wanted: &Wanted, seed: u64) {
    let full = wanted.days.size;
    let in_size = |size: Size| Days { size, ..wanted.days };
    let mut sizes = (1..=full.devices).flat_map(|devices| (1..=full.deeds).map(move |deeds| Size { devices, deeds }));
    let smallest = sizes.find(|size| in_size(*size).play(seed, false).violation.is_some());
    let size = smallest.unwrap_or(full);
    let outcome = in_size(size).play(seed, true);
    let most = if wanted.has_story { usize::MAX } else { LAST_EVENTS };
    let skipped = outcome.story.len().saturating_sub(most);
    eprintln!("{}", outcome.story[skipped..].join("\n"));
    let wrong = wanted.days.wrong.map(|wrong| format!(" --wrong {}", wrong.name())).unwrap_or_default();
    eprintln!("\nseed {seed}: {}", outcome.violation.unwrap_or_default());
    eprintln!(
        "again: cargo xtask sim --runs 1 --seed {seed} --devices {} --deeds {}{wrong} --story",
        size.devices, size.deeds
    );
}
