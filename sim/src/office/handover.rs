//! What an administrator brings from a device in a file, as the server's `handover` takes it.
//!
//! **Invariant:** it is applied as if its device had sent it: under its ids, in its order, with its user's rights.

use super::Office;
use crate::server::Imported;
use domain::{Operation, Timestamp, Viewer};
use protocol::{
    ProblemCode,
    handover::{DeviceWrite, DeviceWrites, Standing},
};

impl Office {
    pub(super) fn take_over(&mut self, device: &DeviceWrites, at: Timestamp) -> Option<Vec<Imported>> {
        let author = self.person(device.user.id)?.viewer();
        let mut writes: Vec<_> = device.writes.iter().filter(|write| write.standing != Standing::Discarded).collect();
        writes.sort_by_key(|write| write.seq);
        Some(writes.into_iter().filter_map(|write| self.take_over_one(author, write, at)).collect())
    }

    fn take_over_one(&mut self, author: Viewer, write: &DeviceWrite, at: Timestamp) -> Option<Imported> {
        let write_id = write.write.write_id?;
        let refused = if write.user_id != author.user {
            Some(ProblemCode::Validation)
        } else if matches!(write.write.operation, Operation::Approve | Operation::Reject) {
            // Nobody but their approver can vouch for them.
            Some(ProblemCode::Permission)
        } else {
            let json = serde_json::to_value(&write.write).ok()?;
            self.write_one(author, &json, at).error.map(|problem| problem.code)
        };
        Some(Imported { write_id, refused })
    }
}
