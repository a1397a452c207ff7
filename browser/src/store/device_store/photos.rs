//! The device's photos: on the disk, or not at all.
//!
//! **Invariant:** for a photo nothing makes room but photos that the server has.

use super::DeviceStore;
use crate::store::{IdbStore, NewPhoto, StoreError};
use domain::{RowId, UserId, WriteId};
use js_sys::Uint8Array;
use sync::{OutboxRecord, Photo, PhotoState};

impl DeviceStore {
    fn disk_for_photos(&self) -> Result<&IdbStore, StoreError> {
        self.disk().ok_or(StoreError::OnlyInMemory)
    }

    /// See [`IdbStore::enqueue_photo`].
    pub async fn enqueue_photo(&self, draft: &OutboxRecord, new: &NewPhoto) -> Result<OutboxRecord, StoreError> {
        let work = async |disk: &IdbStore, is_repeat: bool| match is_repeat {
            false => disk.enqueue_photo(draft.clone(), new).await,
            true => disk.enqueue_photo_again(draft.clone(), new).await,
        };
        let mut may_make_room = true;
        loop {
            match self.try_on_disk(&work).await {
                Err(StoreError::Full) if may_make_room && self.forget_sent_photos().await? > 0 => may_make_room = false,
                stored => return stored?.ok_or(StoreError::OnlyInMemory),
            }
        }
    }

    /// See [`IdbStore::photos`]. The memory holds none.
    pub async fn photos(&self) -> Result<Vec<Photo>, StoreError> {
        match self.disk() {
            Some(disk) => disk.photos().await,
            None => Ok(Vec::new()),
        }
    }

    /// This user's, while they are signed in.
    pub async fn photos_of(&self, user: UserId) -> Result<Vec<Photo>, StoreError> {
        self.on_behalf_of(user).photos().await
    }

    /// See [`IdbStore::photo_bytes`].
    pub async fn photo_bytes(&self, photo: &Photo) -> Result<Option<Uint8Array>, StoreError> {
        self.disk_for_photos()?.photo_bytes(photo).await
    }

    /// See [`IdbStore::amend_photo`].
    pub async fn amend_photo(&self, photo: &Photo) -> Result<bool, StoreError> {
        self.disk_for_photos()?.amend_photo(photo).await
    }

    /// See [`IdbStore::forget_photos`].
    pub async fn forget_photos(&self, ids: &[RowId]) -> Result<(), StoreError> {
        self.disk_for_photos()?.forget_photos(ids).await
    }

    /// Forgets the photos that the server has, whoever took them: they were kept only to be looked at. Says how many.
    pub async fn forget_sent_photos(&self) -> Result<usize, StoreError> {
        let Some(disk) = self.disk() else { return Ok(0) };
        let photos = disk.clone().of_everybody().photos().await?;
        let sent = photos.iter().filter(|photo| photo.state == PhotoState::Sent).map(|photo| photo.document_id);
        let sent: Vec<RowId> = sent.collect();
        if !sent.is_empty() {
            disk.forget_photos(&sent).await?;
        }
        Ok(sent.len())
    }

    /// See [`IdbStore::writes_by_id`].
    pub async fn writes_by_id(&self, ids: &[WriteId]) -> Result<Vec<OutboxRecord>, StoreError> {
        self.disk_for_photos()?.writes_by_id(ids).await
    }
}
