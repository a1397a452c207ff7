//! What a user may do with writes that wait or were refused.
//!
//! Each function gives the amended records; the caller stores them in one transaction. All of it works without a network: a
//! resolved write waits to be sent like any other, on the version that its author looked at, and what others do to the row
//! until then is met by the server's check again.
//!
//! **Invariant:** only what the server has certainly not applied is changed or given up.

mod follow;
mod question;

pub use question::{Question, clash_with, conflicting_row, newest, question};

use super::{
    Change, OutboxRecord, WriteState,
    merge::{clashes, lay_over, rebased},
};
use domain::{Mutation, Operation, Refusal, Row, RowId, WriteId};
use follow::Family;
use protocol::ProblemCode;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Whose value of a column shall stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The author's.
    Mine,
    /// The server's.
    Theirs,
}

/// Sends everything that waits without its pause, and asks at once what the supervisors say.
pub fn retry_now(records: &[OutboxRecord]) -> Vec<OutboxRecord> {
    let paused = records
        .iter()
        .filter(|record| matches!(record.state, WriteState::Pending | WriteState::Held) && record.next_attempt_at_ms.is_some());
    paused
        .map(|record| OutboxRecord {
            next_attempt_at_ms: None,
            ..record.clone()
        })
        .collect()
}

/// Sends a refused write again as it is, and frees what nothing else holds up. Nothing comes of it while a write that it builds on is
/// refused: shown as if it went, it would be built on, and then it would not go. Where it contradicts what the server told, that is keeping mine: sent on
/// its old base behind own applied writes, it would pass the server's check without anybody having chosen.
pub fn send_again(records: &[OutboxRecord], write_id: WriteId) -> Vec<OutboxRecord> {
    if let Some(record) = parked(records, write_id) {
        let told = newest(record, None);
        if told.is_some() && matches!(question(record, told.as_ref()), Question::Clash { .. } | Question::EditedMeanwhile) {
            return keep_mine(records, write_id, told.as_ref());
        }
    }
    let refused = records.iter().find(|record| record.write_id == write_id && record.state.needs_user());
    refused.map(|record| Family::of(records, record).go_again()).unwrap_or_default()
}

/// Lets the author's values stand, all of them, over `server`: the row as the author has looked at it (see [`newest`]). What the write does
/// not give itself and its decision rests on stands again as its author saw it: my vendor goes at my amount, or not at all.
///
/// Nothing comes of it for a create, which has no row to stand on, and where the row is gone: see [`make_again`].
pub fn keep_mine(records: &[OutboxRecord], write_id: WriteId, server: Option<&Row>) -> Vec<OutboxRecord> {
    choose(records, write_id, server, |_| Some(Side::Mine))
}

/// Lets what the server has stand wherever it and the write contradict each other; what else the write says goes again.
///
/// A write that says nothing then is given up, and later own writes to the row are merged with what stands there. A create of
/// something that is there already gives way to that row, and what was made on it follows (see [`Question::SameThing`]).
pub fn take_theirs(records: &[OutboxRecord], write_id: WriteId, server: Option<&Row>) -> Vec<OutboxRecord> {
    let Some(record) = parked(records, write_id) else { return Vec::new() };
    match (question(record, server), server) {
        (Question::SameThing { other: Some(other), .. }, _) => Family::of(records, record).give_way_to(&other),
        (Question::SameThing { .. } | Question::DeletedMeanwhile { .. } | Question::AlreadyGone, _) => discard(records, write_id),
        (Question::Clash { columns }, Some(_)) => choose(records, write_id, server, |name| {
            let is_contested = columns.iter().any(|contested| contested == name);
            Some(if is_contested { Side::Theirs } else { Side::Mine })
        }),
        _ if record.operation == Operation::Create => discard(records, write_id),
        (_, server) => Family::of(records, record).give_up(server),
    }
}

/// Decides column by column. Every contested column that the write gives needs a side; of the others the author's value stands where none is
/// given. What the write does not give stands as it is now, or with [`Side::Mine`] as its author saw it.
pub fn merge_fields(records: &[OutboxRecord], write_id: WriteId, server: &Row, sides: &BTreeMap<String, Side>) -> Vec<OutboxRecord> {
    choose(records, write_id, Some(server), |name| sides.get(name).copied())
}

/// Sends a refused write again with other values. `server` is the row as the author has looked at it, where there is one.
///
/// # Errors
/// The rules refuse the values: which, and why.
pub fn edit_and_resend(
    records: &[OutboxRecord],
    write_id: WriteId,
    server: Option<&Row>,
    edited: &BTreeMap<String, Json>,
) -> Result<Vec<OutboxRecord>, Refusal> {
    let Some(record) = parked(records, write_id) else { return Ok(Vec::new()) };
    let mut mended = record.clone();
    for (name, to) in edited {
        let change = mended.changes.entry(name.clone()).or_insert(Change {
            from: Json::Null,
            to: Json::Null,
            predicted: false,
        });
        (change.to, change.predicted) = (to.clone(), false);
        mended.seen.remove(name);
    }
    let given: Map<String, Json> = given(&mended).map(|(name, change)| (name.clone(), change.to.clone())).collect();
    Mutation::read(mended.table, mended.row_id, mended.operation, &given)?;
    Ok(match server.filter(|_| record.operation != Operation::Create) {
        None => Family::of(records, record).stand(mended, server),
        Some(server) => {
            let mut mended = rebased(mended, server);
            leave_out(&mut mended, |name, change| edited.contains_key(name) && change.to == change.from);
            Family::of(records, record).stand_or_give_up(mended, server)
        }
    })
}

/// Makes a row again that somebody has deleted under an edit, with what its author saw of it and wants, as `new_row`: another id,
/// so that no edit of the old row can be taken for one of the new. Other own edits of the row come along.
pub fn make_again(records: &[OutboxRecord], write_id: WriteId, new_row: RowId) -> Vec<OutboxRecord> {
    let Some(record) = parked(records, write_id) else { return Vec::new() };
    let is_first = |other: &&OutboxRecord| {
        (other.table, other.row_id) == (record.table, record.row_id) && matches!(question(other, None), Question::DeletedMeanwhile { .. })
    };
    let first = records.iter().find(is_first).unwrap_or(record);
    match question(first, None) {
        Question::DeletedMeanwhile { can_be_made_again: true } => Family::of(records, first).make_again(new_row),
        _ => Vec::new(),
    }
}

/// Whether a write can be given up: it is here, and the server has certainly not applied it.
pub fn may_discard(record: &OutboxRecord) -> bool {
    match record.state {
        WriteState::Pending | WriteState::Rejected => !record.is_unanswered,
        // What it builds on is not applied, so it is not either.
        WriteState::Blocked => true,
        WriteState::Sending | WriteState::Acked | WriteState::Held | WriteState::Settled | WriteState::Discarded => false,
    }
}

/// Gives up a write that the server has not applied, and with it what builds on it (see [`descendants`], to be shown first).
pub fn discard(records: &[OutboxRecord], write_id: WriteId) -> Vec<OutboxRecord> {
    let Some(first) = records.iter().find(|record| record.write_id == write_id && may_discard(record)) else {
        return Vec::new();
    };
    let gone = descendants(records, write_id);
    let builds_on_it = |record: &&OutboxRecord| gone.contains(&record.write_id) && record.state.is_here();
    let chosen = std::iter::once(first).chain(records.iter().filter(builds_on_it));
    chosen.map(|record| record.clone().in_state(WriteState::Discarded)).collect()
}

/// Every unsettled write that builds on `write_id`, directly or not, in order.
pub fn descendants(records: &[OutboxRecord], write_id: WriteId) -> Vec<WriteId> {
    let mut found = vec![write_id];
    for record in records {
        if record.depends_on.iter().any(|id| found.contains(id)) {
            found.push(record.write_id);
        }
    }
    found.remove(0);
    found
}

/// The refused write, if it may be changed: the server has answered it, so it is not applied under its old form.
fn parked(records: &[OutboxRecord], write_id: WriteId) -> Option<&OutboxRecord> {
    let is_parked = |record: &&OutboxRecord| record.write_id == write_id && record.state == WriteState::Rejected && !record.is_unanswered;
    records.iter().find(is_parked)
}

/// Rebases a write on `server` with the columns that keep the author's side. Nothing where a contested column has none.
fn choose(records: &[OutboxRecord], write_id: WriteId, server: Option<&Row>, side: impl Fn(&str) -> Option<Side>) -> Vec<OutboxRecord> {
    let (Some(record), Some(server)) = (parked(records, write_id), server) else {
        return Vec::new();
    };
    let contested = clashes(record, server);
    let is_open = |name: &String| side(name).is_none() && record.changes.contains_key(name);
    if record.operation == Operation::Create || contested.iter().any(is_open) {
        return Vec::new();
    }
    let mut kept = rebased(record.clone(), server);
    leave_out(&mut kept, |name, change| !change.predicted && side(name) == Some(Side::Theirs));
    if record.operation == Operation::Update {
        let stands_again = contested.iter().filter(|name| !gives(record, name) && side(name) == Some(Side::Mine));
        for name in stands_again {
            let (Some(from), Some(to)) = (kept.seen.remove(name), record.seen.get(name)) else {
                continue;
            };
            let change = Change {
                from,
                to: to.clone(),
                predicted: false,
            };
            kept.changes.insert(name.clone(), change);
        }
    }
    Family::of(records, record).stand_or_give_up(kept, server)
}

fn gives(record: &OutboxRecord, name: &str) -> bool {
    record.changes.get(name).is_some_and(|change| !change.predicted)
}

/// Takes columns out of a write that was rebased. Its author has looked at what stands there, and what is left may rest on it.
fn leave_out(record: &mut OutboxRecord, is_left_out: impl Fn(&str, &Change) -> bool) {
    let changes = std::mem::take(&mut record.changes).into_iter();
    let (left_out, kept): (BTreeMap<_, _>, BTreeMap<_, _>) = changes.partition(|(name, change)| is_left_out(name, change));
    record.changes = kept;
    record.seen.extend(left_out.into_iter().map(|(name, change)| (name, change.from)));
}

/// The columns that a write gives.
fn given(record: &OutboxRecord) -> impl Iterator<Item = (&String, &Change)> {
    record.changes.iter().filter(|(_, change)| !change.predicted)
}

/// As if it had never been sent.
fn waiting_anew(record: OutboxRecord) -> OutboxRecord {
    OutboxRecord {
        next_attempt_at_ms: None,
        attempts: 0,
        last_error: None,
        ..record.in_state(WriteState::Pending)
    }
}

fn is_refused_as(record: &OutboxRecord, code: ProblemCode) -> bool {
    record.last_error.as_ref().is_some_and(|failure| failure.problem.code == code)
}

fn shown_after(record: &OutboxRecord, server: Option<&Row>) -> Option<Row> {
    lay_over(record, server.cloned())
}
