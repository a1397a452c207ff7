//! What a device knows of one user's writes, as it is handed over when they cannot go by themselves.
//!
//! What two tabs did to a row at the same moment is lined up as before sending ([`crate::outbox::line_up`]): without that, the first of them
//! could meet the second as a conflict, and be applied after it.
//!
//! **Invariant:** every record of the user is in it once, in the order of the device, as it would travel; nobody else's is.

use crate::{
    outbox::{OutboxRecord, WriteState, drain::wire, line_up::line_up},
    photos::Photo,
};
use domain::DeviceId;
use protocol::{
    User,
    handover::{DeviceWrite, DeviceWrites, HANDOVER_VERSION, MOST_PHOTO_BYTES, Standing},
};

/// The user's writes among `records`, which are outbox and history. Of what was made before `complete_since_ms` some may be missing.
pub fn device_writes(user: User, device_id: DeviceId, mut records: Vec<OutboxRecord>, exported_at_ms: i64, complete_since_ms: i64) -> DeviceWrites {
    records.retain(|record| record.user_id == user.id);
    records.sort_by_key(|record| record.seq);
    for moved in line_up(&records, &[]) {
        if let Some(record) = records.iter_mut().find(|record| record.write_id == moved.write_id) {
            *record = moved;
        }
    }
    DeviceWrites {
        version: HANDOVER_VERSION,
        device_id,
        user,
        exported_at_ms,
        complete_since_ms,
        writes: records.iter().map(device_write).collect(),
        photos: vec![],
    }
}

/// The photos that go into one file: those that the server does not have, as many as there is room for.
pub fn photos_for_file(photos: &[Photo]) -> impl Iterator<Item = &Photo> {
    let mut room = MOST_PHOTO_BYTES;
    photos.iter().filter(move |photo| {
        let left = room.checked_sub(photo.size_bytes).filter(|_| photo.is_unsent());
        room = left.unwrap_or(room);
        left.is_some()
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        outbox::Change,
        store::conformance::{record, row_id},
    };
    use domain::Role;

    /// Offline nothing is drained, so nothing has been lined up before.
    #[test]
    fn taps_of_two_tabs_are_handed_over_as_a_chain() {
        let notes = |n, to: &str| {
            let change = Change {
                from: "a".into(),
                to: to.into(),
                predicted: false,
            };
            OutboxRecord {
                seq: n,
                changes: [("notes".to_owned(), change)].into(),
                ..record(n, 1)
            }
        };
        let (first, second) = (notes(11, "b"), notes(12, "c"));
        let user = User {
            id: first.user_id,
            email: "anna@example.com".to_owned(),
            name: "Anna".to_owned(),
            role: Role::PropertyManager,
            vendor_id: None,
            must_change_password: false,
        };
        let file = device_writes(user, DeviceId(row_id(9).0), vec![second, first.clone()], 0, 0);
        assert!(file.writes[1].write.after.contains(&first.write_id));
    }
}
