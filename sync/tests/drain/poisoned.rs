//! Five hundred writes, of which the server can never carry out every hundredth: what that costs the others.

use crate::{
    office::FAULT,
    story::{Story, me},
    wire::Fault,
};
use domain::{Operation, Row, Table, Value};
use futures::FutureExt;
use serde_json::json;
use std::cell::Cell;
use sync::{Clock, Drained, drain, store::conformance::row_id};

const WRITES: usize = 500;
const POISONED: usize = WRITES / 100;
/// There and back.
const REQUEST_MS: i64 = 100;

/// What it took until so many receipts were stored.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub receipts: usize,
    pub requests: usize,
    pub ms: i64,
}

/// How the server tells of what it cannot carry out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// It parts the writes, and answers each.
    Each,
    /// The whole request fails, whatever else is in it.
    All,
}

/// A day's work on as many turns, without signal.
pub fn tablet(poisoned: bool) -> Story {
    let mut story = Story::new(vec![], vec![]);
    let ids = (0..WRITES as u64).map(|n| row_id(2_000 + n));
    for id in ids.clone() {
        let mut turn = Row::blank(Table::Turns);
        turn.set("id", Value::Uuid(id.0));
        turn.set("version", Value::Int(1));
        story.office.rows.borrow_mut().insert((Table::Turns, id), turn);
    }
    story.echo();
    story.hear();
    for (place, id) in ids.enumerate() {
        let is_poisoned = poisoned && place % (WRITES / POISONED) == WRITES / POISONED / 2;
        let notes = if is_poisoned { FAULT } else { "mine" };
        story.tap(Table::Turns, id, Operation::Update, json!({"notes": notes}));
    }
    story
}

/// Drains until the receipts of all that can be applied are stored.
pub fn cost(story: &Story, telling: Telling) -> Cost {
    let receipts = if telling == Telling::All || is_poisoned(story) {
        WRITES - POISONED
    } else {
        WRITES
    };
    story.store.start_lasting_process();
    if telling == Telling::All {
        story.office.faults.borrow_mut().extend(vec![Fault::WholeRequest; 10_000]);
    }
    let (begin_ms, done) = (story.office.now_ms(), Cell::new(None));
    let note = || {
        if story.office.applied_count() == receipts && done.get().is_none() {
            let requests = story.office.requests.get();
            let ms = story.office.now_ms() - begin_ms + requests as i64 * REQUEST_MS;
            done.set(Some(Cost { receipts, requests, ms }));
        }
    };
    loop {
        let ended = drain(&story.store, story, &story.office, me(), note)
            .now_or_never()
            .expect("nothing stands still")
            .unwrap();
        match (done.get(), ended) {
            (Some(cost), _) => return cost,
            (None, Drained::WaitsUntil(at_ms)) => story.office.now_ms.set(at_ms),
            (None, ended) => panic!("{ended:?} before everything was sent"),
        }
    }
}

fn is_poisoned(story: &Story) -> bool {
    story.outbox().iter().any(|record| record.changes["notes"].to == FAULT)
}

impl Cost {
    /// Receipts a second.
    pub fn rate(self) -> f64 {
        self.receipts as f64 * 1_000.0 / self.ms as f64
    }

    /// Receipts a request.
    pub fn per_request(self) -> f64 {
        self.receipts as f64 / self.requests as f64
    }
}
