//! Photos as screens see them: taken, looked at, given up.
//!
//! **Invariant:** a photo is shown as kept only when it is: its bytes, its record and its document's write are stored in one step.

use super::{Device, Inner, News, keeper::Parcel};
use crate::{
    channel::Signal,
    clock,
    crypto::{CryptoError, digest},
    ids, persistence,
    photos::{
        picture::{NotAPicture, Picture},
        sender,
    },
    runs::WokenBy,
    store::{NewPhoto, StoreError},
};
use domain::{Operation, Refusal, RowId, Table, Timestamp, WriteId};
use futures::channel::oneshot;
use js_sys::Array;
use serde_json::{Map, Value as Json, json};
use std::rc::Rc;
use sync::{
    Photo, PhotoState, WriteState,
    outbox::{judge::Tap, resolve as decisions},
    photos::{
        About, PHOTO_SCHEMA,
        budget::{NoRoom, make_room},
    },
};
use web_sys::{Blob, BlobPropertyBag, File, Url};

/// A photo that is not kept.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// The file is none.
    #[error(transparent)]
    NotAPicture(#[from] NotAPicture),
    /// Photos that wait take all the room that photos may take.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The browser gives no digests or could not encrypt.
    #[error("this photo could not be kept: {0}")]
    Crypto(#[from] CryptoError),
    /// The browser could not store it.
    #[error("this photo could not be kept: {0}")]
    Storage(#[from] StoreError),
    /// The rules refuse its document.
    #[error("this photo cannot be kept here: {0}")]
    Refused(#[from] Refusal),
    /// Nobody is signed in, or somebody else by now.
    #[error("this photo could not be kept: sign in first")]
    Nobody,
}

impl Device {
    /// Keeps a picture, made smaller, as a document of a row. Done when it is durable; sending it goes on behind.
    pub async fn take_photo(&self, of: (Table, RowId), kind: &str, file: &File) -> Result<RowId, PhotoError> {
        self.0.take_photo(of, kind, file).await
    }

    /// This user's photos that lie on this device, in order of their making. [`News::Photos`] tells when they change.
    pub fn photos(&self) -> Vec<Photo> {
        self.0.photos.borrow().clone()
    }

    /// One of them, by its document.
    pub fn photo(&self, document: RowId) -> Option<Photo> {
        self.0.photos.borrow().iter().find(|photo| photo.document_id == document).cloned()
    }

    /// An address under which this page shows a photo that lies here, until it is revoked.
    pub async fn photo_address(&self, document: RowId) -> Option<String> {
        let photo = self.photo(document)?;
        let bytes = self.0.store.photo_bytes(&photo).await.ok()??;
        let kind = BlobPropertyBag::new();
        kind.set_type(&photo.content_type);
        let blob = Blob::new_with_u8_array_sequence_and_options(&Array::of1(&bytes), &kind).ok()?;
        Url::create_object_url_with_blob(&blob).ok()
    }

    /// Gives up a photo that is not sent, with its document.
    pub async fn remove_photo(&self, document: RowId) -> Result<(), Refusal> {
        self.0.remove_photo(document).await
    }

    /// Sends a photo that was refused once more.
    pub async fn send_photo_again(&self, document: RowId) {
        if let Some(photo) = self.photo(document) {
            let amended = self.0.store.amend_photo(&photo.again()).await;
            self.0.photos_have_changed(amended.map(drop));
        }
    }
}

impl Inner {
    async fn take_photo(self: &Rc<Self>, of: (Table, RowId), kind: &str, file: &File) -> Result<RowId, PhotoError> {
        let user = self.user_id().ok_or(PhotoError::Nobody)?;
        let picture = Picture::of(file).await?;
        let content_hash = digest(&picture.bytes).await?;
        let size_bytes = u64::from(picture.bytes.length());
        let granted_bytes = persistence::estimate().await.map(|estimate| estimate.granted_bytes);
        let gone = make_room(&self.store.photos().await?, size_bytes, granted_bytes)?;
        let document_id = ids::row_id();
        let now_ms = clock::now_ms();
        let photo = Photo {
            schema: PHOTO_SCHEMA,
            document_id,
            user_id: user,
            // Known when the tap has been judged.
            write_id: ids::write_id(),
            about: About {
                entity_type: entity_type(of.0).to_owned(),
                entity_id: of.1,
                kind: kind.to_owned(),
                file_name: picture.file_name,
                taken_at: Timestamp::from_millis(file.last_modified() as i64).to_string(),
            },
            content_hash,
            content_type: picture.content_type,
            size_bytes,
            kept_at_ms: now_ms,
            state: PhotoState::Waiting,
            upload: None,
            sent_bytes: 0,
            is_unanswered: false,
            attempts: 0,
            begun_again: 0,
            next_attempt_at_ms: None,
            last_error: None,
            revision: 0,
        };
        let key = match self.store.disk() {
            Some(disk) => disk.seal_key(user).await?,
            None => return Err(StoreError::OnlyInMemory.into()),
        };
        self.keep_photo(NewPhoto::new(photo, &picture.bytes, key.as_ref(), gone).await?).await
    }

    /// Judges the document's write, shows it, and has both stored.
    async fn keep_photo(self: &Rc<Self>, mut new: NewPhoto) -> Result<RowId, PhotoError> {
        let id = new.photo.document_id;
        // Somebody else may have signed in while the picture was made smaller.
        if self.user_id() != Some(new.photo.user_id) {
            return Err(PhotoError::Nobody);
        }
        let data = data_of(&new.photo);
        let tap = Tap {
            table: Table::Documents,
            row_id: id,
            operation: Operation::Create,
            data: &data,
        };
        let record = self.judge(tap)?;
        new.photo.write_id = record.write_id;
        let (tell, told) = oneshot::channel();
        self.change(|view| view.put_write(record.clone()));
        self.tell(News::Status);
        // The keeper lives as long as the device.
        let _ = self.keeper.unbounded_send(Parcel {
            record,
            begun: None,
            photo: Some(Box::new(new)),
            durable: Some(tell),
        });
        told.await.unwrap_or(Err(StoreError::Closed))?;
        Ok(id)
    }

    async fn remove_photo(self: &Rc<Self>, document: RowId) -> Result<(), Refusal> {
        let Some(photo) = self.photos.borrow().iter().find(|photo| photo.document_id == document).cloned() else {
            return Ok(());
        };
        let may_be_discarded = {
            let view = self.view.borrow();
            let mut writes = view.unsettled_writes(Table::Documents, document);
            writes.any(|record| record.write_id == photo.write_id && decisions::may_discard(record))
        };
        let is_shown = self.view.borrow().row(Table::Documents, document).is_some();
        if may_be_discarded {
            // The document first: should this page end here, the sender forgets the photo by that.
            self.resolve(|records| decisions::discard(records, photo.write_id)).await;
        } else if is_shown {
            self.tap(Table::Documents, document, Operation::Delete, &Map::new(), None)?;
        }
        let forgotten = self.store.forget_photos(&[document]).await;
        self.photos_have_changed(forgotten);
        Ok(())
    }

    /// Photos go with their documents, also while nobody sends; should this page end before, the sender forgets them.
    pub(super) async fn forget_given_up_photos(self: &Rc<Self>) {
        let asked: Vec<WriteId> = {
            let (view, photos) = (self.view.borrow(), self.photos.borrow());
            let is_open = |photo: &Photo| view.writes().any(|record| record.write_id == photo.write_id);
            let asked = photos.iter().filter(|photo| photo.is_unsent() && photo.upload.is_none() && !is_open(photo));
            asked.map(|photo| photo.write_id).collect()
        };
        if asked.is_empty() {
            return;
        }
        let ended = self.store.writes_by_id(&asked).await.unwrap_or_default();
        let given_up = ended.iter().filter(|record| record.state == WriteState::Discarded);
        let gone: Vec<RowId> = given_up.map(|record| record.row_id).collect();
        if !gone.is_empty() {
            let forgotten = self.store.forget_photos(&gone).await;
            self.photos_have_changed(forgotten);
        }
    }

    /// Sends photos that wait without their pauses.
    pub(super) async fn end_photo_pauses(self: &Rc<Self>) {
        if let Some(user) = self.user_id() {
            let ended = sender::end_pauses(&self.store, user, true).await;
            self.photos_have_changed(ended);
        }
    }

    /// Tells everybody, and has sent what waits.
    fn photos_have_changed(self: &Rc<Self>, stored: Result<(), StoreError>) {
        if let Err(error) = stored {
            self.tell(News::StorageFailed(error.to_string()));
        }
        self.tell_all(&Signal::PhotosChanged);
        self.beat(WokenBy::Tap);
    }

    /// Reads what is stored of this user's photos.
    pub(super) async fn reload_photos(self: &Rc<Self>) {
        let Some(user) = self.user_id() else { return };
        match self.store.photos_of(user).await {
            Ok(photos) if self.user_id() == Some(user) => {
                if *self.photos.borrow() != photos {
                    self.photos.replace(photos);
                    self.tell(News::Photos);
                    self.tell(News::Status);
                    self.arm();
                }
            }
            // Somebody else's by now; the session's own news are on their way.
            Ok(_) | Err(StoreError::NotOurs) => {}
            Err(error) => self.tell(News::StorageFailed(error.to_string())),
        }
    }

    /// Whether the write that makes a photo's document has not gone yet.
    pub(super) fn is_document_here(&self, photo: &Photo) -> bool {
        let view = self.view.borrow();
        let mut writes = view.unsettled_writes(Table::Documents, photo.document_id);
        writes.any(|record| record.write_id == photo.write_id && record.state != WriteState::Acked)
    }

    /// When the next photo may go, in milliseconds since 1970; those without a pause at once.
    pub(super) fn next_photo_at_ms(&self) -> Option<i64> {
        let now_ms = clock::now_ms();
        let photos = self.photos.borrow();
        let waiting = photos
            .iter()
            .filter(|photo| photo.state == PhotoState::Waiting && !self.is_document_here(photo));
        waiting.map(|photo| photo.paused_until(now_ms).unwrap_or(now_ms)).min()
    }
}

/// As documents name what they belong to.
const fn entity_type(table: Table) -> &'static str {
    match table {
        Table::ScopeItems => "scope_item",
        Table::Properties => "property",
        Table::Vendors => "vendor",
        // Photos of anything else are the turn's.
        _ => "turn",
    }
}

/// The document as it is written.
fn data_of(photo: &Photo) -> Map<String, Json> {
    let about = &photo.about;
    let data = json!({
        "entity_type": about.entity_type,
        "entity_id": about.entity_id,
        "kind": about.kind,
        "file_name": about.file_name,
        "taken_at": about.taken_at,
        "content_type": photo.content_type,
        "content_hash": photo.content_hash,
        "size_bytes": photo.size_bytes,
    });
    match data {
        Json::Object(data) => data,
        _ => Map::new(),
    }
}
