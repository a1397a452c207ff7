//! Handing over what was not sent, as a file.
//!
//! **Invariant:** the file is made of what is stored, not of what is shown.

use super::Inner;
use crate::{
    clock, crypto,
    handover::{self, Handover, HandoverError},
};
use protocol::handover::DevicePhoto;
use sync::{Photo, Store, Stored, outbox::history};

impl Inner {
    pub(super) async fn export_unsent(&self, passphrase: &str) -> Result<Handover, HandoverError> {
        handover::demand_length(passphrase)?;
        let session = self.session.borrow().clone().ok_or(HandoverError::NobodySignedIn)?;
        let user = session.user;
        let mut records = history::records(&self.store).await?;
        records.retain(|record| record.user_id == user.id);
        let left_out = self.store.outbox().await?.iter().filter(|stored| may_be(stored, user.id)).count();
        let complete_since_ms = history::complete_since_ms(&self.store, &records).await?;
        let kept = self.store.photos_of(user.id).await?;
        let mut writes = handover::device_writes(user, self.device_id, records, clock::now_ms(), complete_since_ms);
        let unsent_photos = kept.iter().filter(|photo| photo.is_unsent()).count();
        writes.photos = self.photos_for_file(&kept).await?;
        Ok(Handover {
            file: handover::seal(&writes, passphrase).await?,
            photos: writes.photos.len(),
            photos_left_out: unsent_photos - writes.photos.len(),
            unsent: writes.writes.iter().filter(|write| handover::is_unsent(write)).count(),
            left_out,
        })
    }

    /// As many as the file takes; also not those whose bytes the browser has lost.
    async fn photos_for_file(&self, kept: &[Photo]) -> Result<Vec<DevicePhoto>, HandoverError> {
        let mut photos = vec![];
        for photo in handover::photos_for_file(kept) {
            if let Some(bytes) = self.store.photo_bytes(photo).await? {
                photos.push(DevicePhoto {
                    document_id: photo.document_id,
                    content: crypto::to_base64(&bytes.to_vec()),
                });
            }
        }
        Ok(photos)
    }
}

/// An envelope that cannot be read and does not say that it is somebody else's.
fn may_be(stored: &Stored, user: domain::UserId) -> bool {
    match stored {
        Stored::Unreadable { raw, .. } => raw.get("userId").and_then(|owner| owner.as_str()).is_none_or(|owner| owner == user.to_string()),
        Stored::Record(_) => false,
    }
}
