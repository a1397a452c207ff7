//! Opens what a user left sealed ([`super::seals`]): when their session begins or, where there was no room for it then, later.
//!
//! Decrypting cannot be awaited inside a transaction. So the seals are opened first, and a transaction then swaps their records for them. A session
//! that begins takes in all of them in the transaction that begins it: between the two, a tab that shows the same user's writes would find them gone.
//!
//! **Invariant:** at any moment either the records are there or their seal, and each exactly once.

use super::{
    IdbStore,
    connection::{Access, Connection},
    error::StoreError,
    layout::{HISTORY, NOTES, OUTBOX, SEALS},
    seals::named,
    session,
};
use crate::crypto::{CryptoError, Key, Sealed};
use domain::UserId;
use indexed_db_futures::{BuildPrimitive, object_store::ObjectStore, query_source::QuerySource, transaction::Transaction};
use js_sys::{Array, JSON, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// What became of the seals that were to be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsealed {
    /// Their records are in outbox and history again.
    pub opened: usize,
    /// The key does not open them, or there is none. They stay.
    pub unopened: usize,
}

impl IdbStore {
    /// Opens what this user left behind, while they are signed in: whoever is seen off meanwhile finds it at their next sign-in.
    pub async fn open_seals(&self, user: UserId) -> Result<Unsealed, StoreError> {
        let key = self.seal_key(user).await?;
        let found = Found::look(&self.connection, user, key.as_ref()).await?;
        let unopened = found.seals.iter().filter(|seal| seal.records.is_none()).count();
        if unopened == found.seals.len() {
            return Ok(Unsealed { opened: 0, unopened });
        }
        let work = async |transaction: &Transaction<'_>| match session::is_of(transaction, user).await? {
            true => found.put_back_in(transaction).await,
            false => Ok(0),
        };
        let stores = [SEALS, OUTBOX, HISTORY, NOTES];
        let opened = self.connection.transact(&stores, Access::WriteDurably, work).await?;
        Ok(Unsealed { opened, unopened })
    }
}

/// A user's seals as they lay there when they were looked for.
#[derive(Default)]
pub struct Found {
    seals: Vec<Seal>,
}

struct Seal {
    name: String,
    /// Outbox and history, as stored; nothing where the key does not open it.
    records: Option<[Vec<JsValue>; 2]>,
}

impl Found {
    /// Looks for them, and what is in them.
    pub async fn look(connection: &Connection, user: UserId, key: Option<&Key>) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for (name, sealed) in sealed_of(connection, user).await? {
            let records = match key {
                Some(key) => opened(key, &sealed).await.ok(),
                None => None,
            };
            found.seals.push(Seal { name, records });
        }
        Ok(found)
    }

    /// Whether their user has no other one by now.
    pub async fn is_all_in(&self, transaction: &Transaction<'_>, user: UserId) -> Result<bool, StoreError> {
        let names = names_in(&transaction.object_store(SEALS)?, user).await?;
        Ok(names.iter().all(|name| self.seals.iter().any(|seal| seal.name == *name)))
    }

    /// Puts the records back in their seals' place, and says how many seals that were. What another tab has opened stays as it is, and so does a
    /// record that is there by itself.
    pub async fn put_back_in(&self, transaction: &Transaction<'_>) -> Result<usize, StoreError> {
        let seals = transaction.object_store(SEALS)?;
        let mut opened = 0;
        for Seal { name, records } in &self.seals {
            let Some(records) = records else { continue };
            let seal: Option<JsValue> = seals.get(name).primitive()?.await?;
            if seal.is_none() {
                continue;
            }
            put_missing(transaction, records).await?;
            drop(seals.delete(name.as_str()).primitive()?);
            opened += 1;
        }
        Ok(opened)
    }
}

async fn put_missing(transaction: &Transaction<'_>, records: &[Vec<JsValue>; 2]) -> Result<(), StoreError> {
    let (unsettled, over) = (transaction.object_store(OUTBOX)?, transaction.object_store(HISTORY)?);
    for (store, records) in [&unsettled, &over].into_iter().zip(records) {
        for record in records {
            if let Some(id) = named(record, "writeId")
                && !is_there(&unsettled, &id).await?
                && !is_there(&over, &id).await?
            {
                drop(store.put(record.clone()).primitive()?);
            }
        }
    }
    Ok(())
}

async fn is_there(store: &ObjectStore<'_>, id: &str) -> Result<bool, StoreError> {
    let stored: Option<JsValue> = store.get(id).primitive()?.await?;
    Ok(stored.is_some())
}

/// This user's seals with their names.
async fn sealed_of(connection: &Connection, user: UserId) -> Result<Vec<(String, Sealed)>, StoreError> {
    let work = async |transaction: &Transaction<'_>| {
        let seals = transaction.object_store(SEALS)?;
        let mut found = Vec::new();
        for name in names_in(&seals, user).await? {
            let seal: Option<JsValue> = seals.get(name.clone()).primitive()?.await?;
            found.extend(seal.as_ref().and_then(from_js).map(|seal| (name, seal)));
        }
        Ok(found)
    };
    connection.transact(&[SEALS], Access::Read, work).await
}

async fn names_in(seals: &ObjectStore<'_>, user: UserId) -> Result<Vec<String>, StoreError> {
    let prefix = user.to_string();
    let names: Vec<JsValue> = seals.get_all_keys::<JsValue>().primitive()?.await?.collect::<Result<_, _>>()?;
    Ok(names.iter().filter_map(JsValue::as_string).filter(|name| name.starts_with(&prefix)).collect())
}

fn from_js(seal: &JsValue) -> Option<Sealed> {
    let bytes = |name: &str| Some(Reflect::get(seal, &name.into()).ok()?.dyn_into::<Uint8Array>().ok()?.to_vec());
    Some(Sealed {
        nonce: bytes("nonce")?,
        content: bytes("content")?,
    })
}

/// Outbox and history, as stored.
async fn opened(key: &Key, seal: &Sealed) -> Result<[Vec<JsValue>; 2], CryptoError> {
    let text = key.open(seal).await?;
    let both: Array = JSON::parse(&text).ok().and_then(|both| both.dyn_into().ok()).ok_or(CryptoError::WrongKey)?;
    let records = |index| both.get(index).dyn_into::<Array>().map(|records| records.to_vec()).unwrap_or_default();
    Ok([records(0), records(1)])
}
