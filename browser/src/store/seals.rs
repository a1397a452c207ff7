//! What a user leaves behind at sign-out, sealed: outbox and history as one encrypted text. [`super::unsealing`] opens it.
//!
//! Encrypting cannot be awaited inside a transaction. So the text is encrypted first, and a transaction then swaps it for the records if
//! these are still what was encrypted; else all of it is done again.
//!
//! **Invariant:** at any moment either the records are there or their seal, and each exactly once.

use super::{
    IdbStore,
    connection::{Access, Connection},
    error::StoreError,
    layout::{HISTORY, KEYS, NOTES, OUTBOX, PHOTO_BYTES, PHOTOS, PLACES, ROWS, SEALS, SNAPSHOTS},
    outbox, photos, session,
};
use crate::crypto::{Key, Sealed};
use domain::UserId;
use indexed_db_futures::{BuildPrimitive, query_source::QuerySource, transaction::Transaction};
use js_sys::{Array, JSON, Object, Reflect, Uint8Array};
use wasm_bindgen::JsValue;

/// Who amends so often in a row is being tapped in; then they are sealed another time.
pub const MOST_TRIES: usize = 8;

/// What is done with what a user leaves behind on a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leaving {
    /// It is kept for the day they come back, where nobody else can read it.
    #[default]
    KeepSealed,
    /// It is given up, also what has not been sent.
    Discard,
}

impl IdbStore {
    /// The key of this user, while they are signed in.
    pub async fn seal_key(&self, user: UserId) -> Result<Option<Key>, StoreError> {
        let work = async |transaction: &Transaction<'_>| Ok(transaction.object_store(KEYS)?.get(user.to_string()).primitive()?.await?);
        let key: Option<JsValue> = self.connection.transact(&[KEYS], Access::Read, work).await?;
        Ok(key.and_then(Key::from_js))
    }

    /// Ends this user's session: rows and key go, and what they wrote is sealed with it or, where they say so, given up. Without a key, or where
    /// encrypting fails, it stays as it is, which others on the device do not see.
    pub async fn leave(&self, user: UserId, leaving: Leaving) -> Result<(), StoreError> {
        let key = match leaving {
            Leaving::KeepSealed => self.seal_key(user).await?,
            Leaving::Discard => None,
        };
        for _ in 0..MOST_TRIES {
            let own = own_text(&self.connection, user).await?;
            let left = match (leaving, &key) {
                (Leaving::Discard, _) => Left::Nothing,
                (Leaving::KeepSealed, Some(key)) if own != EMPTY => key.seal(&own).await.map_or(Left::Plain, |sealed| Left::Sealed(own, sealed)),
                _ => Left::Plain,
            };
            if go(&self.connection, user, &left).await? {
                return Ok(());
            }
        }
        go(&self.connection, user, &Left::Plain).await.map(drop)
    }
}

/// Keeps the key of a user who signs in, inside a transaction.
pub fn keep_key_in(transaction: &Transaction<'_>, user: UserId, key: &Key) -> Result<(), StoreError> {
    let keys = transaction.object_store(KEYS)?;
    drop(keys.put(key.to_js()).with_key(user.to_string()).without_key_type().primitive()?);
    Ok(())
}

/// Forgets the key of a user who is not signed in any more, inside a transaction.
pub fn forget_key_in(transaction: &Transaction<'_>, user: UserId) -> Result<(), StoreError> {
    drop(transaction.object_store(KEYS)?.delete(user.to_string()).primitive()?);
    Ok(())
}

/// No records, as JSON.
const EMPTY: &str = r#"[[],[]]"#;

/// How a user's records are left.
enum Left {
    Nothing,
    Plain,
    /// If they are still this text.
    Sealed(String, Sealed),
}

/// This user's records as JSON: outbox and history, each as stored, also what this version of the app does not understand.
async fn own_text(connection: &Connection, user: UserId) -> Result<String, StoreError> {
    let work = async |transaction: &Transaction<'_>| read_own(transaction, user).await;
    text(&connection.transact(&[OUTBOX, HISTORY], Access::Read, work).await?)
}

async fn read_own(transaction: &Transaction<'_>, user: UserId) -> Result<[Vec<JsValue>; 2], StoreError> {
    let user = user.to_string();
    let mut own = [Vec::new(), Vec::new()];
    for (own, store) in own.iter_mut().zip([OUTBOX, HISTORY]) {
        let raw = outbox::raw(&transaction.object_store(store)?).await?;
        own.extend(raw.into_iter().filter(|record| named(record, "userId").as_ref() == Some(&user)));
    }
    Ok(own)
}

fn text([unsettled, over]: &[Vec<JsValue>; 2]) -> Result<String, StoreError> {
    let both = Array::of2(&unsettled.iter().collect::<Array>(), &over.iter().collect::<Array>());
    let text = JSON::stringify(&both).ok().and_then(|text| text.as_string());
    text.ok_or_else(|| StoreError::Browser("the changes cannot be written as text".to_owned()))
}

/// Ends the session and leaves the records so, in one transaction. `false`: they are not what was sealed any more, and nothing is changed.
async fn go(connection: &Connection, user: UserId, left: &Left) -> Result<bool, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let own = read_own(transaction, user).await?;
        if let Left::Sealed(sealed_text, sealed) = left {
            if text(&own)? != *sealed_text {
                return Ok(false);
            }
            let seals = transaction.object_store(SEALS)?;
            drop(seals.put(to_js(user, sealed)).with_key(fresh_name(user)).without_key_type().primitive()?);
        }
        if !matches!(left, Left::Plain) {
            for (store, own) in [OUTBOX, HISTORY].into_iter().zip(&own) {
                let store = transaction.object_store(store)?;
                for id in own.iter().filter_map(|record| named(record, "writeId")) {
                    drop(store.delete(id).primitive()?);
                }
            }
        }
        photos::leave_in(transaction, user, matches!(left, Left::Nothing)).await?;
        forget_key_in(transaction, user)?;
        session::end_in(transaction, user).await?;
        Ok(true)
    };
    let stores = [OUTBOX, HISTORY, SEALS, KEYS, NOTES, ROWS, SNAPSHOTS, PLACES, PHOTOS, PHOTO_BYTES];
    connection.transact(&stores, Access::WriteDurably, work).await
}

/// As it lies in the database: whose it is, and what nobody can read.
fn to_js(user: UserId, sealed: &Sealed) -> JsValue {
    let seal = Object::new();
    let set = |name: &str, value: JsValue| {
        // Setting a property of a fresh object cannot fail.
        let _ = Reflect::set(&seal, &name.into(), &value);
    };
    set("userId", user.to_string().into());
    set("nonce", Uint8Array::from(sealed.nonce.as_slice()).into());
    set("content", Uint8Array::from(sealed.content.as_slice()).into());
    seal.into()
}

/// A user may have several: a seal that could not be opened stays beside the next.
fn fresh_name(user: UserId) -> String {
    format!("{user}/{}", crate::ids::row_id())
}

/// What stands in a record under this name.
pub fn named(record: &JsValue, property: &str) -> Option<String> {
    Reflect::get(record, &property.into()).ok()?.as_string()
}
