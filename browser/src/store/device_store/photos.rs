//! The device's photos: on the disk, or not at all.
//!
//! **Invariant:** for a photo nothing makes room but photos that the server has.

use super::DeviceStore;
use crate::store::{IdbStore, NewPhoto, StoreError};
use domain::{RowId, UserId, WriteId};
use js_sys::Uint8Array;
use sync::{OutboxRecord, Photo, PhotoState};

impl DeviceStore {
    /// See [`IdbStore::enqueue_photo`].
    pub async fn enqueue_photo(&self, draft: &OutboxRecord, new: &NewPhoto) -> Result<OutboxRecord, StoreError> {
        let work = async |disk: &IdbStore, is_repeat: bool| match is_repeat {
            false => disk.enqueue_photo(draft.clone(), new).await,
            true => disk.enqueue_photo_again(draft.clone(), new).await,
        };
        let stored = match self.try_on_disk(&work).await {
            Err(StoreError::Full) if self.forget_sent_photos().await? > 0 => self.try_on_disk(&work).await?,
            done => done?,
        };
        stored.ok_or(StoreError::OnlyInMemory)
    }

    /// See [`IdbStore::photos`]. The memory holds none.
    pub async fn photos(&self) -> Result<Vec<Photo>, StoreError> {
        Ok(self.try_on_disk(async |disk, _| disk.photos().await).await?.unwrap_or_default())
    }

    /// This user's, while they are signed in.
    pub async fn photos_of(&self, user: UserId) -> Result<Vec<Photo>, StoreError> {
        self.on_behalf_of(user).photos().await
    }

    /// See [`IdbStore::photo_bytes`].
    pub async fn photo_bytes(&self, photo: &Photo) -> Result<Option<Uint8Array>, StoreError> {
        Ok(self.try_on_disk(async |disk, _| disk.photo_bytes(photo).await).await?.flatten())
    }

    /// See [`IdbStore::amend_photo`].
    pub async fn amend_photo(&self, photo: &Photo) -> Result<bool, StoreError> {
        Ok(self.try_on_disk(async |disk, _| disk.amend_photo(photo).await).await?.unwrap_or(false))
    }

    /// See [`IdbStore::forget_photos`].
    pub async fn forget_photos(&self, ids: &[RowId]) -> Result<(), StoreError> {
        self.try_on_disk(async |disk, _| disk.forget_photos(ids).await).await.map(drop)
    }

    /// Forgets the photos that the server has, whoever took them: they were kept only to be looked at. Says how many.
    pub async fn forget_sent_photos(&self) -> Result<usize, StoreError> {
        let everybodys = Self {
            disk: self.disk.clone().of_everybody(),
            ..self.clone()
        };
        let photos = everybodys.photos().await?;
        let sent = photos.iter().filter(|photo| photo.state == PhotoState::Sent).map(|photo| photo.document_id);
        let sent: Vec<RowId> = sent.collect();
        if !sent.is_empty() {
            self.forget_photos(&sent).await?;
        }
        Ok(sent.len())
    }

    /// See [`IdbStore::writes_by_id`].
    pub async fn writes_by_id(&self, ids: &[WriteId]) -> Result<Vec<OutboxRecord>, StoreError> {
        Ok(self.try_on_disk(async |disk, _| disk.writes_by_id(ids).await).await?.unwrap_or_default())
    }
}
