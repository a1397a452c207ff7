//! Photos and their bytes: what is known of each in one store, what it is made of in another.
//!
//! The bytes are encrypted when they are kept, with the key of their user: at sign-out nothing is left to be done about them, however many there are.
//! A session without a key keeps them as they are, as it does with writes.
//!
//! **Invariant:** a photo, its bytes and the write that makes its document are stored in one transaction, which the disk has when it is done.

use super::{
    IdbStore,
    connection::Access,
    error::StoreError,
    layout::{NOTES, OUTBOX, PHOTO_BYTES, PHOTOS},
    outbox, records, session,
};
use crate::crypto::{CryptoError, Key};
use domain::{RowId, UserId, WriteId};
use indexed_db_futures::{BuildPrimitive, object_store::ObjectStore, query_source::QuerySource, transaction::Transaction};
use js_sys::{JSON, Object, Reflect, Uint8Array};
use sync::{OutboxRecord, Photo, PhotoState};
use wasm_bindgen::{JsCast, JsValue};

/// A photo that is to be kept.
#[derive(Clone, Debug)]
pub struct NewPhoto {
    /// What is known of it.
    pub photo: Photo,
    /// See [`kept_form`].
    bytes: JsValue,
    /// Photos that make room for it: the server has them.
    pub gone: Vec<RowId>,
}

impl NewPhoto {
    /// With its bytes as they are kept.
    pub async fn new(photo: Photo, bytes: &Uint8Array, key: Option<&Key>, gone: Vec<RowId>) -> Result<Self, CryptoError> {
        let bytes = kept_form(bytes, key).await?;
        Ok(Self { photo, bytes, gone })
    }
}

impl IdbStore {
    /// Stores a photo and the write that makes its document.
    pub async fn enqueue_photo(&self, draft: OutboxRecord, new: &NewPhoto) -> Result<OutboxRecord, StoreError> {
        let record = records::to_js(&new.photo)?;
        let work = async |transaction: &Transaction<'_>| {
            forget_in(transaction, &new.gone)?;
            let mut drafts = [draft];
            outbox::enqueue_in(transaction, &mut drafts).await?;
            drop(transaction.object_store(PHOTOS)?.put(record).primitive()?);
            let bytes = transaction.object_store(PHOTO_BYTES)?;
            drop(
                bytes
                    .put(&new.bytes)
                    .with_key(new.photo.document_id.to_string())
                    .without_key_type()
                    .primitive()?,
            );
            let [stored] = drafts;
            Ok(stored)
        };
        let stores = [OUTBOX, NOTES, PHOTOS, PHOTO_BYTES];
        self.connection.transact(&stores, Access::WriteDurably, work).await
    }

    /// The same for one of which nobody knows whether it was stored.
    pub async fn enqueue_photo_again(&self, draft: OutboxRecord, new: &NewPhoto) -> Result<OutboxRecord, StoreError> {
        match outbox::find(&self.connection, &[draft.write_id]).await?.pop() {
            Some(stored) => Ok(stored),
            None => self.enqueue_photo(draft, new).await,
        }
    }

    /// What is known of all photos, in order of their making; on behalf of somebody only of theirs. What this version of the app cannot read is left out, and left alone.
    pub async fn photos(&self) -> Result<Vec<Photo>, StoreError> {
        let work = async |transaction: &Transaction<'_>| {
            session::demand_owner(transaction, self.owner).await?;
            outbox::raw(&transaction.object_store(PHOTOS)?).await
        };
        let stored = self.connection.transact(&[PHOTOS, NOTES], Access::Read, work).await?;
        let is_theirs = |photo: &Photo| self.owner.is_none_or(|owner| photo.user_id == owner);
        Ok(stored.iter().filter_map(read).filter(is_theirs).collect())
    }

    /// A photo's bytes; `None` where they are not here, or its user's key is not.
    pub async fn photo_bytes(&self, photo: &Photo) -> Result<Option<Uint8Array>, StoreError> {
        let id = photo.document_id.to_string();
        let work = async |transaction: &Transaction<'_>| Ok(transaction.object_store(PHOTO_BYTES)?.get(id).primitive()?.await?);
        let kept: Option<JsValue> = self.connection.transact(&[PHOTO_BYTES], Access::Read, work).await?;
        let Some(kept) = kept else { return Ok(None) };
        let key = self.seal_key(photo.user_id).await?;
        Ok(opened(&kept, key.as_ref()).await)
    }

    /// Replaces what is known of a photo. `false`: it was amended meanwhile, or is gone, and nothing is changed.
    pub async fn amend_photo(&self, photo: &Photo) -> Result<bool, StoreError> {
        let record = records::to_js(photo)?;
        let work = async |transaction: &Transaction<'_>| {
            let photos = transaction.object_store(PHOTOS)?;
            let stored: Option<JsValue> = photos.get(photo.document_id.to_string()).primitive()?.await?;
            let is_fresh = stored.as_ref().and_then(read).is_some_and(|stored| stored.revision + 1 == photo.revision);
            if is_fresh {
                drop(photos.put(record).primitive()?);
            }
            Ok(is_fresh)
        };
        self.connection.transact(&[PHOTOS], Access::Write, work).await
    }

    /// Forgets photos with their bytes.
    pub async fn forget_photos(&self, ids: &[RowId]) -> Result<(), StoreError> {
        let work = async |transaction: &Transaction<'_>| forget_in(transaction, ids);
        self.connection.transact(&[PHOTOS, PHOTO_BYTES], Access::Write, work).await
    }

    /// Writes by their ids, unsettled or over; those that are not here are left out.
    pub async fn writes_by_id(&self, ids: &[WriteId]) -> Result<Vec<OutboxRecord>, StoreError> {
        outbox::find(&self.connection, ids).await
    }
}

/// What a user leaves behind, inside the transaction that ends their session: what is not sent stays, for nobody else to see; or nothing.
pub async fn leave_in(transaction: &Transaction<'_>, user: UserId, gives_up: bool) -> Result<(), StoreError> {
    let stored = outbox::raw(&transaction.object_store(PHOTOS)?).await?;
    let goes = |photo: &Photo| photo.user_id == user && (gives_up || photo.state == PhotoState::Sent);
    let gone: Vec<RowId> = stored.iter().filter_map(read).filter(goes).map(|photo| photo.document_id).collect();
    forget_in(transaction, &gone)
}

fn forget_in(transaction: &Transaction<'_>, ids: &[RowId]) -> Result<(), StoreError> {
    let stores: [ObjectStore<'_>; 2] = [transaction.object_store(PHOTOS)?, transaction.object_store(PHOTO_BYTES)?];
    for id in ids {
        for store in &stores {
            drop(store.delete(id.to_string()).primitive()?);
        }
    }
    Ok(())
}

/// As bytes lie in the database: with a nonce they are encrypted, without one as they are.
async fn kept_form(bytes: &Uint8Array, key: Option<&Key>) -> Result<JsValue, CryptoError> {
    let kept = Object::new();
    let set = |name: &str, value: &JsValue| {
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(&kept, &name.into(), value);
    };
    match key {
        Some(key) => {
            let (nonce, content) = key.seal_bytes(bytes).await?;
            set("nonce", &Uint8Array::from(nonce.as_slice()));
            set("content", &content);
        }
        None => set("content", bytes),
    }
    Ok(kept.into())
}

async fn opened(kept: &JsValue, key: Option<&Key>) -> Option<Uint8Array> {
    let bytes = |name: &str| Reflect::get(kept, &name.into()).ok()?.dyn_into::<Uint8Array>().ok();
    let content = bytes("content")?;
    match (bytes("nonce"), key) {
        (None, _) => Some(content),
        (Some(nonce), Some(key)) => key.open_bytes(&nonce.to_vec(), &content).await.ok(),
        (Some(_), None) => None,
    }
}

fn read(stored: &JsValue) -> Option<Photo> {
    serde_json::from_str(&JSON::stringify(stored).ok()?.as_string()?).ok()
}
