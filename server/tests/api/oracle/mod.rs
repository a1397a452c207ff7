//! The law of the read path: whoever follows a shape, from wherever and however, has after each batch of writes what the same
//! question to the database finds.
//!
//! A round is a batch of writes beside first syncs and catching up; then everybody who waits must have been told, and nobody for
//! nothing. Between rounds servers restart, the log is trimmed, people get other roles or are shut out, clients close and open.
//! `ORACLE_SEED=… ORACLE_ROUNDS=… cargo test -p server --test api oracle` does it again with the same dice.
//!
//! **Invariant:** what is expected comes from SQL of the tests' own, in [`truth`].

mod client;
mod events;
mod people;
mod servers;
pub mod shape;
mod truth;
mod world;
mod writer;

use crate::support::is_postgres;
use servers::Kind;
use std::{str::FromStr, time::Instant};
use world::World;

/// A world's rounds; then another begins, with other dice.
const ROUNDS_OF_A_WORLD: usize = 125;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_has_what_the_database_has() {
    rounds(Kind::One, 1, if is_postgres() { 500 } else { 1_000 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_has_what_two_servers_write() {
    // SQLite has no bell: there news cross twice a second.
    rounds(Kind::Two, 1_001, if is_postgres() { 500 } else { 20 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_has_what_another_server_keeps() {
    rounds(Kind::Proxied, 2_001, if is_postgres() { 100 } else { 200 }).await;
}

async fn rounds(kind: Kind, first_seed: u64, rounds: usize) {
    let (seed, rounds) = (wanted("ORACLE_SEED").unwrap_or(first_seed), wanted("ORACLE_ROUNDS").unwrap_or(rounds));
    let (began, mut left, mut seed) = (Instant::now(), rounds, seed);
    while left > 0 {
        let now = left.min(ROUNDS_OF_A_WORLD);
        println!("oracle: {kind:?}, ORACLE_SEED={seed} ORACLE_ROUNDS={now}");
        World::begin(kind, seed).await.live(now).await;
        (left, seed) = (left - now, seed + 1);
    }
    println!("oracle: {kind:?}, {rounds} rounds in {:.1?}", began.elapsed());
}

fn wanted<T: FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not {text}")))
}
