//! Handing over what was not sent, as a file.
//!
//! **Invariant:** the file is made of what is stored, not of what is shown.

use super::Inner;
use crate::{
    clock,
    handover::{self, Handover, HandoverError},
    store::BIRTH_NOTE,
};
use sync::{OutboxRecord, Store, Stored, outbox::drain::own_records};
use uuid::Uuid;

impl Inner {
    pub(super) async fn export_unsent(&self, passphrase: &str) -> Result<Handover, HandoverError> {
        handover::demand_length(passphrase)?;
        let session = self.session.borrow().clone().ok_or(HandoverError::NobodySignedIn)?;
        let user = session.user;
        let mut records: Vec<OutboxRecord> = self.store.history(usize::MAX).await?;
        records.extend(own_records(&self.store, user.id).await?);
        let left_out = self.store.outbox().await?.iter().filter(|stored| may_be(stored, user.id)).count();
        let writes = handover::device_writes(user, self.device_id, records, clock::now_ms(), self.complete_since_ms().await?);
        Ok(Handover {
            file: handover::seal(&writes, passphrase).await?,
            unsent: writes.writes.iter().filter(|write| handover::is_unsent(write)).count(),
            left_out,
        })
    }

    /// What is older may have been trimmed, or have gone with a database that the browser cleared.
    async fn complete_since_ms(&self) -> Result<i64, HandoverError> {
        let birth = self.store.note(BIRTH_NOTE).await?.and_then(|birth| birth.parse::<Uuid>().ok());
        let born_at_ms = birth.and_then(|birth| birth.get_timestamp()).map_or(0, |born| {
            let (seconds, nanoseconds) = born.to_unix();
            i64::try_from(seconds).unwrap_or(0) * 1_000 + i64::from(nanoseconds / 1_000_000)
        });
        Ok(born_at_ms.max(clock::now_ms() - super::HISTORY_MS))
    }
}

/// An envelope that cannot be read and does not say that it is somebody else's.
fn may_be(stored: &Stored, user: domain::UserId) -> bool {
    match stored {
        Stored::Unreadable { raw, .. } => raw.get("userId").and_then(|owner| owner.as_str()).is_none_or(|owner| owner == user.to_string()),
        Stored::Record(_) => false,
    }
}
