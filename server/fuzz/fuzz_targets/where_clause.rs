//! A client's `where`: any text with any parameters is read or refused, soon, and what is read means to SQLite what it means to us.
//!
//! The first byte chooses the table, then comes the text, and behind each NUL a parameter. The reader is compiled into this program, so that the
//! fuzzer sees which of its ways a text takes.
//!
//! **Invariant:** an input that ends this program is a fault of the reader's.

#![no_main]
#![expect(clippy::unwrap_used, reason = "what fails here is to be found")]

#[path = "../../src/shapes/clause/mod.rs"]
#[expect(dead_code, unused_imports, reason = "orders, and what only Electric is asked for, are the server's")]
mod clause;
mod rows;

use domain::{RowFilter, RowId};
use libfuzzer_sys::fuzz_target;
use rows::World;
use sea_orm::DbBackend;
use server::db;
use std::{
    collections::BTreeSet,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// Far more than it takes, on a machine with other things to do.
const SOON: Duration = Duration::from_secs(2);

static WORLD: LazyLock<World> = LazyLock::new(World::new);

fuzz_target!(|input: &[u8]| {
    let Some((choice, text)) = input.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let mut parts = text.split('\0').map(str::to_owned);
    let text = parts.next().unwrap_or_default();
    let parameters = (1..).zip(parts).collect();
    let table = rows::TABLES[*choice as usize % rows::TABLES.len()];

    let began = Instant::now();
    let Ok(clause) = clause::read(&text, &parameters, table, |name| name != "tax_id") else {
        assert!(began.elapsed() < SOON, "slowly refused");
        return;
    };
    let ids = |rows: &mut dyn Iterator<Item = &domain::Row>| rows.map(|row| row.id()).collect::<BTreeSet<RowId>>();
    let all = WORLD.rows(table);
    let admitted = ids(&mut all.iter().filter(|row| clause.admits(row)));
    let condition = clause::condition(DbBackend::Sqlite, table, &clause);
    let found = WORLD.find(table, &RowFilter::everything(), condition);
    let found = ids(&mut found.iter());
    if clause::is_exact(DbBackend::Sqlite, table, &clause) {
        assert_eq!(found, admitted, "SQLite sees it otherwise");
    } else {
        assert!(found.is_superset(&admitted), "SQLite would keep rows back");
    }
    assert!(began.elapsed() < SOON, "slow");
});
