//! What an administrator brings from a device in a file, as the server's `handover` takes it.
//!
//! **Invariant:** it is applied as if its device had sent it: under its ids, in its order, with its user's rights.

use super::Office;
use domain::{Operation, Timestamp};
use protocol::{
    WriteAnswer,
    handover::{DeviceWrites, Standing},
};

impl Office {
    pub(super) fn take_over(&mut self, device: &DeviceWrites, at: Timestamp) -> Option<Vec<WriteAnswer>> {
        let author = self.person(device.user.id)?.viewer();
        let mut writes: Vec<_> = device.writes.iter().filter(|write| write.standing != Standing::Discarded).collect();
        writes.sort_by_key(|write| write.seq);
        // Approvals come by no file, and nobody else's writes; what has no id could be applied twice.
        let is_taken = |operation| !matches!(operation, Operation::Approve | Operation::Reject);
        writes.retain(|write| write.user_id == device.user.id && write.write.write_id.is_some() && is_taken(write.write.operation));
        let answers = writes.into_iter().map(|write| {
            let json = serde_json::to_value(&write.write).unwrap_or_default();
            self.write_one(author, &json, at)
        });
        Some(answers.collect())
    }
}
