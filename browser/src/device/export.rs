//! Handing over what was not sent, as a file.
//!
//! **Invariant:** the file is made of what is stored, not of what is shown.

use super::Inner;
use crate::{
    clock,
    handover::{self, Handover, HandoverError},
};
use sync::{Store, Stored, outbox::history};

impl Inner {
    pub(super) async fn export_unsent(&self, passphrase: &str) -> Result<Handover, HandoverError> {
        handover::demand_length(passphrase)?;
        let session = self.session.borrow().clone().ok_or(HandoverError::NobodySignedIn)?;
        let user = session.user;
        let mut records = history::records(&self.store).await?;
        records.retain(|record| record.user_id == user.id);
        let left_out = self.store.outbox().await?.iter().filter(|stored| may_be(stored, user.id)).count();
        let complete_since_ms = history::complete_since_ms(&self.store, &records).await?;
        let writes = handover::device_writes(user, self.device_id, records, clock::now_ms(), complete_since_ms);
        Ok(Handover {
            file: handover::seal(&writes, passphrase).await?,
            unsent: writes.writes.iter().filter(|write| handover::is_unsent(write)).count(),
            left_out,
        })
    }
}

/// An envelope that cannot be read and does not say that it is somebody else's.
fn may_be(stored: &Stored, user: domain::UserId) -> bool {
    match stored {
        Stored::Unreadable { raw, .. } => raw.get("userId").and_then(|owner| owner.as_str()).is_none_or(|owner| owner == user.to_string()),
        Stored::Record(_) => false,
    }
}
