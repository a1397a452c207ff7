//! A batch as it travels, and the next one, made ready while it is on its way.
//!
//! **Invariant:** what was made ready is sent only if it is what would be made now.

use super::{
    OutboxRecord, WriteState,
    drain::wire,
    plan::{Plan, plan},
};
use domain::{UserId, WriteId};
use protocol::{BatchRequest, MAX_BATCH_WRITES};
use std::collections::{HashMap, HashSet};

/// See the module.
pub(super) struct Parcel {
    /// Its writes, in order.
    pub chosen: Vec<WriteId>,
    /// What is sent.
    pub request: BatchRequest,
    /// The revisions of all that it was made from: those of its writes, and of what they build on.
    made_from: Vec<(WriteId, u64)>,
}

impl Parcel {
    /// Of these writes; `prepared` if that is it. The records are those before they are marked as being sent.
    pub fn take(prepared: Option<Self>, records: &[OutboxRecord], chosen: Vec<WriteId>, user: UserId) -> Self {
        let by_id = by_id(records);
        let made_from = made_from(&by_id, &chosen);
        match prepared {
            Some(prepared) if prepared.chosen == chosen && prepared.made_from == made_from => prepared,
            _ => Self {
                request: request(records, &by_id, &chosen, user),
                chosen,
                made_from,
            },
        }
    }

    /// What goes next, should all that travels now be applied.
    pub fn ahead(records: &[OutboxRecord], now: &Self, user: UserId, now_ms: i64) -> Option<Self> {
        let left: Vec<OutboxRecord> = records.iter().filter(|record| !now.chosen.contains(&record.write_id)).cloned().collect();
        match plan(&left, now_ms, MAX_BATCH_WRITES) {
            Plan::Send(chosen) => Some(Self::take(None, &left, chosen, user)),
            Plan::WaitUntil(_) | Plan::Idle => None,
        }
    }
}

type ById<'a> = HashMap<WriteId, &'a OutboxRecord>;

fn by_id(records: &[OutboxRecord]) -> ById<'_> {
    records.iter().map(|record| (record.write_id, record)).collect()
}

/// What has been applied says nothing about what is sent behind it.
fn made_from(records: &ById<'_>, chosen: &[WriteId]) -> Vec<(WriteId, u64)> {
    let ancestors = chosen.iter().filter_map(|id| records.get(id)).flat_map(|record| &record.depends_on);
    let open = |id: &WriteId| {
        records
            .get(id)
            .filter(|record| !matches!(record.state, WriteState::Acked | WriteState::Settled))
            .copied()
    };
    chosen
        .iter()
        .chain(ancestors)
        .filter_map(open)
        .map(|record| (record.write_id, record.revision))
        .collect()
}

fn request(records: &[OutboxRecord], by_id: &ById<'_>, chosen: &[WriteId], user: UserId) -> BatchRequest {
    let travels = |(place, id): (usize, &WriteId)| {
        let mut write = wire(by_id.get(id)?);
        // What is neither applied nor before it builds on this one in turn: the server would wait for ever.
        let is_to_come = |id: &WriteId| !chosen[..place].contains(id) && by_id.get(id).is_some_and(|other| other.state.is_waiting());
        write.after.retain(|id| !is_to_come(id));
        Some(serde_json::to_value(write).unwrap_or_default())
    };
    let operations = chosen.iter().enumerate().filter_map(travels).collect();
    let travelling: HashSet<&WriteId> = chosen.iter().collect();
    let stays = |record: &&OutboxRecord| record.state.is_waiting() && !travelling.contains(&record.write_id);
    let waiting = records.iter().filter(stays).count();
    BatchRequest {
        operations,
        atomic: false,
        user_id: Some(user),
        waiting: u32::try_from(waiting).ok(),
    }
}
