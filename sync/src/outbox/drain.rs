//! The drainer: sends what waits, until nothing does or the world says no.
//!
//! It keeps nothing between two steps that is not in the store, so it may be killed at any `await`:
//! the next wake goes on from what is stored. One drainer runs at a time (the edges hold a lock).

use super::{
    OutboxRecord, Stored, WriteState,
    backoff::is_transient,
    delivery::Delivery,
    line_up::{asks_for_past, line_up},
    parcel::Parcel,
    plan::{Plan, plan},
    settle::{Now, park_orphans, settle_knowing},
};
use crate::store::{Amendment, Store};
use domain::{UserId, WriteId};
use futures::future::join;
use protocol::{BatchRequest, MAX_BATCH_WRITES, ProblemCode, WireWrite, WriteAnswer, WriteMetadata};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// So many settled writes are looked through for what another tab has done.
const PAST: usize = 500;

/// The way to the server. Each call is one request; it never fails but answers with a [`Delivery`].
#[expect(async_fn_in_trait, reason = "browser futures are not Send, and nobody needs them to be")]
pub trait Network {
    /// `POST /api/write/batch`.
    async fn send(&self, batch: &BatchRequest) -> Delivery;
}

/// Time and chance, from the edge.
pub trait Clock {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> i64;
    /// A number from 0 to 1.
    fn jitter(&self) -> f64;
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Nothing is left that goes by itself.
    Empty,
    /// Something waits for this moment, in milliseconds since 1970.
    WaitsUntil(i64),
    /// The session has ended; the queue rests until its user signs in.
    NeedsSignIn,
}

/// Sends everything of `user` that can be sent now.
///
/// `progressed` is called whenever the stored outbox has changed, so that screens follow.
pub async fn drain<S: Store>(store: &S, network: &impl Network, clock: &impl Clock, user: UserId, progressed: impl Fn()) -> Result<Drained, S::Error> {
    let mut known: Option<Vec<OutboxRecord>> = None;
    let mut prepared = None;
    loop {
        let is_fresh = known.is_none();
        let records = match known.take() {
            Some(records) => records,
            None => own_records(store, user).await?,
        };
        let tidied = tidy(store, &records, now(clock)).await?;
        if !tidied.is_empty() {
            store.amend(amendments(tidied)).await?;
            progressed();
            continue;
        }
        let chosen = match plan(&records, clock.now_ms(), MAX_BATCH_WRITES) {
            // Something may have been tapped meanwhile.
            Plan::Idle | Plan::WaitUntil(_) if !is_fresh => continue,
            Plan::Idle => return Ok(Drained::Empty),
            Plan::WaitUntil(at_ms) => return Ok(Drained::WaitsUntil(at_ms)),
            Plan::Send(chosen) => chosen,
        };
        let parcel = Parcel::take(prepared.take(), &records, chosen, user);
        let Some(marked) = mark_sending(store, records, &parcel.chosen).await? else {
            continue;
        };
        progressed();
        let (delivery, next) = join(network.send(&parcel.request), async { Parcel::ahead(&marked, &parcel, user, clock.now_ms()) }).await;
        prepared = next;
        let settled = store_settlement(store, clock, user, (&parcel.chosen, marked), &delivery).await?;
        progressed();
        if let Some(ended) = ends_drain(&delivery, || clock.now_ms()) {
            return Ok(match ended {
                Drained::WaitsUntil(_) => rest(store, user, clock).await?,
                other => other,
            });
        }
        known = Some(settled);
    }
}

/// What must be put right before anything is sent: orphans of an interrupted settlement, then taps of several tabs at once.
async fn tidy<S: Store>(store: &S, records: &[OutboxRecord], now: Now) -> Result<Vec<OutboxRecord>, S::Error> {
    let orphans = park_orphans(records, now);
    if !orphans.is_empty() {
        return Ok(orphans);
    }
    // The history is long, and seldom needed: only where a tab had not heard of what is over by now.
    let past = match records.first().filter(|_| asks_for_past(records)) {
        Some(record) => own_past(store, record.user_id).await?,
        None => Vec::new(),
    };
    Ok(line_up(records, &past))
}

/// The user's records in order, without those that this version of the app cannot read.
pub async fn own_records<S: Store>(store: &S, user: UserId) -> Result<Vec<OutboxRecord>, S::Error> {
    let mut records: Vec<_> = store
        .outbox()
        .await?
        .into_iter()
        .filter_map(Stored::record)
        .filter(|record| record.user_id == user)
        .collect();
    records.sort_by_key(|record| record.seq);
    Ok(records)
}

/// After a fault nothing more is tried before the earliest pause is over.
async fn rest<S: Store>(store: &S, user: UserId, clock: &impl Clock) -> Result<Drained, S::Error> {
    let (records, now_ms) = (own_records(store, user).await?, clock.now_ms());
    let earliest = records
        .iter()
        .filter(|record| record.state.concerns_drainer())
        .filter_map(|record| record.paused_until(now_ms))
        .min();
    let rests_until = |record: &OutboxRecord| record.state.is_waiting().then_some(now_ms);
    Ok(earliest
        .or_else(|| records.iter().find_map(rests_until))
        .map_or(Drained::Empty, Drained::WaitsUntil))
}

/// Gives the records as they stand then; nothing where one of the chosen was amended meanwhile. What is held stays so while it is asked about: it is
/// on the server already.
async fn mark_sending<S: Store>(store: &S, records: Vec<OutboxRecord>, chosen: &[WriteId]) -> Result<Option<Vec<OutboxRecord>>, S::Error> {
    let marking = records
        .iter()
        .filter(|record| chosen.contains(&record.write_id) && record.state != WriteState::Held)
        .map(|record| OutboxRecord {
            // Found as sending: somebody died while its answer was on its way.
            is_unanswered: record.is_unanswered || record.state == WriteState::Sending,
            ..record.clone().in_state(WriteState::Sending)
        })
        .collect();
    amend(store, records, marking).await
}

/// A tab may amend records while the answer is on its way: the settlement is then worked out again on what it left. Gives the records as they
/// stand after it, settled ones perhaps among them.
///
/// Where all that was sent is applied, nothing else changes, and the records as they were `marked` tell enough: a long outbox is not read once for
/// each batch. What was tapped meanwhile is read when these are through.
async fn store_settlement<S: Store>(
    store: &S,
    clock: &impl Clock,
    user: UserId,
    (sent, marked): (&[WriteId], Vec<OutboxRecord>),
    delivery: &Delivery,
) -> Result<Vec<OutboxRecord>, S::Error> {
    let mut known = is_all_applied(delivery).then_some(marked);
    loop {
        let records = match known.take() {
            Some(records) => records,
            None => own_records(store, user).await?,
        };
        let past = if has_conflict(delivery) { own_past(store, user).await? } else { Vec::new() };
        let settled = settle_knowing(&records, &past, sent, delivery, now(clock));
        if let Some(records) = amend(store, records, settled).await? {
            return Ok(records);
        }
    }
}

/// Gives the records as they stand then, as far as is known here; nothing where one of the `changed` was amended by somebody else.
async fn amend<S: Store>(store: &S, mut records: Vec<OutboxRecord>, changed: Vec<OutboxRecord>) -> Result<Option<Vec<OutboxRecord>>, S::Error> {
    let amendments = amendments(changed);
    let mut amended: HashMap<WriteId, OutboxRecord> = amendments
        .iter()
        .map(|amendment| (amendment.record.write_id, amendment.record.clone()))
        .collect();
    if !store.amend(amendments).await? {
        return Ok(None);
    }
    for record in &mut records {
        if let Some(amended) = amended.remove(&record.write_id) {
            *record = amended;
        }
    }
    Ok(Some(records))
}

fn is_all_applied(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Results(answers) if answers.iter().all(|answer| answer.success))
}

fn has_conflict(delivery: &Delivery) -> bool {
    let is_conflict = |answer: &WriteAnswer| answer.error.as_ref().is_some_and(|problem| problem.code == ProblemCode::Conflict);
    matches!(delivery, Delivery::Results(answers) if answers.iter().any(is_conflict))
}

/// What was settled so lately that a tab may not have heard of it.
async fn own_past<S: Store>(store: &S, user: UserId) -> Result<Vec<OutboxRecord>, S::Error> {
    let past = store.history(PAST).await?;
    Ok(past.into_iter().filter(|record| record.user_id == user).collect())
}

fn ends_drain(delivery: &Delivery, now_ms: impl Fn() -> i64) -> Option<Drained> {
    match delivery {
        Delivery::Results(_) => None,
        Delivery::Refused { problem, .. } if problem.code == ProblemCode::Unauthenticated => Some(Drained::NeedsSignIn),
        // Refused for what is in it: the writes are now tried one by one.
        Delivery::Refused { problem, .. } if !is_transient(problem.code) => None,
        Delivery::Refused { .. } | Delivery::Lost => Some(Drained::WaitsUntil(now_ms())),
    }
}

fn amendments(records: Vec<OutboxRecord>) -> Vec<Amendment> {
    records.into_iter().map(Amendment::of).collect()
}

fn now(clock: &impl Clock) -> Now {
    Now {
        ms: clock.now_ms(),
        jitter: clock.jitter(),
    }
}

/// A record as it travels: what its author wants, on which base, after which writes.
pub fn wire(record: &OutboxRecord) -> WireWrite {
    let data: Map<String, Json> = record
        .changes
        .iter()
        .filter(|(_, change)| !change.predicted)
        .map(|(column, change)| (column.clone(), change.to.clone()))
        .collect();
    WireWrite {
        table: Some(record.table.url_name().to_owned()),
        operation: record.operation,
        write_id: Some(record.write_id),
        row_id: Some(record.row_id),
        version: record.base_version,
        data,
        metadata: WriteMetadata::default(),
        after: record.depends_on.clone(),
    }
}
