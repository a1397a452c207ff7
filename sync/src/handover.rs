//! What a device knows of one user's writes, as it is handed over when they cannot go by themselves.
//!
//! **Invariant:** every record of the user is in it once, in the order of the device, as it would travel; nobody else's is.

use crate::outbox::{OutboxRecord, WriteState, drain::wire};
use domain::DeviceId;
use protocol::{
    User,
    handover::{DeviceWrite, DeviceWrites, HANDOVER_VERSION, Standing},
};

/// The user's writes among `records`, which are outbox and history. Of what was made before `complete_since_ms` some may be missing.
pub fn device_writes(user: User, device_id: DeviceId, mut records: Vec<OutboxRecord>, exported_at_ms: i64, complete_since_ms: i64) -> DeviceWrites {
    records.retain(|record| record.user_id == user.id);
    records.sort_by_key(|record| record.seq);
    DeviceWrites {
        version: HANDOVER_VERSION,
        device_id,
        user,
        exported_at_ms,
        complete_since_ms,
        writes: records.iter().map(device_write).collect(),
    }
}

/// Whether the server lacks a write, as far as its device knows.
pub fn is_unsent(write: &DeviceWrite) -> bool {
    matches!(write.standing, Standing::Waiting | Standing::NeedsUser)
}

fn device_write(record: &OutboxRecord) -> DeviceWrite {
    DeviceWrite {
        seq: record.seq,
        user_id: record.user_id,
        made_at_ms: record.made_at_ms,
        standing: standing(record.state),
        txid: record.receipt.as_ref().map(|receipt| receipt.txid.clone()),
        write: wire(record),
    }
}

const fn standing(state: WriteState) -> Standing {
    match state {
        WriteState::Pending | WriteState::Sending => Standing::Waiting,
        WriteState::Rejected | WriteState::Blocked => Standing::NeedsUser,
        WriteState::Held => Standing::Held,
        WriteState::Acked | WriteState::Settled => Standing::Applied,
        WriteState::Discarded => Standing::Discarded,
    }
}
