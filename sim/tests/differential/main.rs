//! The office in memory against the real server: the same requests in the same order get the same answers, write by write, and leave
//! the same rows. What is found in days before the office is found before the server, too.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod both;
mod requests;

use both::Both;
use requests::Author;
use sim::{dice::Dice, office::TABLES};
use std::collections::BTreeMap;

/// Each begins with a new office and a new server.
const DAYS: u64 = 24;
const REQUESTS_A_DAY: usize = 50;
/// A request that is never answered so proves nothing.
const ANSWERS: [&str; 13] = [
    "applied",
    "adopted",
    "not adopted",
    "QUARANTINED",
    "PERMISSION",
    "NOT_FOUND",
    "CONFLICT",
    "VALIDATION",
    "BLOCKED",
    "create approvals",
    "approve turns",
    "reject turns",
    "create documents",
];

#[test]
fn the_office_answers_as_the_real_server_does() {
    let mut answers = BTreeMap::new();
    for seed in 1..=DAYS {
        for (answer, times) in day(seed) {
            *answers.entry(answer).or_insert(0) += times;
        }
    }
    println!("{answers:?}");
    assert!(ANSWERS.iter().all(|answer| answers.contains_key(*answer)), "{answers:?}");
}

/// The day that a failure names is played again alone with `day(seed)`.
fn day(seed: u64) -> BTreeMap<String, usize> {
    let dice = Dice::new(seed);
    let mut both = Both::open(seed);
    let mut author = Author::default();
    for _ in 0..REQUESTS_A_DAY {
        match dice.below(10) {
            0 => both.supervise(&dice),
            1 => both.import(&author.device(&dice, &both)),
            2 if dice.one_in(3) => both.trim_and_restart(),
            3 if dice.one_in(3) => {
                for step in 0..3 {
                    let (user, batch) = author.approval(step, &dice, &both);
                    both.write(user, &batch);
                    both.require_same_applied();
                }
            }
            _ => {
                let (user, batch) = author.batch(&dice, &both);
                both.write(user, &batch);
            }
        }
        both.require_same_applied();
    }
    for table in TABLES {
        both.require_same_rows(table);
        both.require_same_shapes(table);
    }
    both.answers
}
