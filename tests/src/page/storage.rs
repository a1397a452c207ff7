//! What the browser gives a page to keep its data in: how much, and for how long.
//!
//! **Invariant:** it is the browser's own storage that is full or cleared; the app sees what it would see with a person.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Page;

impl Page {
    /// Lets the page's site keep so many bytes and no more; none gives it what the disk has.
    pub async fn set_storage_quota(&self, bytes: Option<u64>) -> Result<()> {
        let mut params = json!({ "origin": self.origin().await? });
        if let Some(bytes) = bytes {
            params["quotaSize"] = bytes.into();
        }
        self.call("Storage.overrideQuotaForOrigin", params).await.map(drop)
    }

    /// Leaves the page's site no room. The browser goes by what it has worked out before, until something asks for more than that: so the
    /// site must have had a quota of less than [`MOST_ROOM`] since it stored something first.
    pub async fn fill_storage(&self) -> Result<()> {
        self.set_storage_quota(Some(1)).await?;
        let answer = self.eval(&format!("{ASK_FOR_ROOM}({})", 2 * MOST_ROOM)).await?;
        ensure!(answer == "QuotaExceededError", "there is still room: {answer}");
        Ok(())
    }

    /// Clears what the page's site has stored, as a person does in the browser's settings: `all`, or only such things as `indexeddb`.
    pub async fn clear_site_data(&self, kinds: &str) -> Result<()> {
        let params = json!({ "origin": self.origin().await?, "storageTypes": kinds });
        self.call("Storage.clearDataForOrigin", params).await.map(drop)
    }

    /// Every object in one of the app's stores, read beside it; an error where there is no database.
    pub async fn stored(&self, store: &str) -> Result<Vec<Value>> {
        let read = self.eval(&format!("{READ}({})", json!(store))).await?;
        read.as_array().cloned().context("a store is a list")
    }

    /// Puts records into the app's outbox behind those that are there, as another screen of the app would have made them. For a page on which
    /// no app runs.
    pub async fn make_elsewhere(&self, records: &[Value]) -> Result<()> {
        self.eval(&format!("{MAKE_ELSEWHERE}({})", json!(records))).await.map(drop)
    }

    async fn origin(&self) -> Result<String> {
        let origin = self.eval("location.origin").await?;
        Ok(origin.as_str().context("a page without an origin")?.to_owned())
    }
}

/// Bytes; more than the app needs.
pub const MOST_ROOM: u64 = 20_000_000;

const ASK_FOR_ROOM: &str = r"
(bytes => new Promise(resolve => {
    // Of chance, because the browser packs what it stores.
    const wish = new Uint8Array(bytes);
    for (let from = 0; from < bytes; from += 65536) crypto.getRandomValues(wish.subarray(from, Math.min(from + 65536, bytes)));
    const opening = indexedDB.open('fill');
    opening.onupgradeneeded = () => opening.result.createObjectStore('fill');
    opening.onerror = () => resolve(opening.error.name);
    opening.onsuccess = () => {
        const transaction = opening.result.transaction('fill', 'readwrite');
        transaction.objectStore('fill').put(wish, 1);
        transaction.oncomplete = () => { opening.result.close(); resolve('it is stored'); };
        transaction.onabort = () => { opening.result.close(); resolve(transaction.error.name); };
    };
}))";

const MAKE_ELSEWHERE: &str = r"
(records => new Promise((resolve, reject) => {
    const opening = indexedDB.open('turns');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
        const transaction = opening.result.transaction(['outbox', 'notes'], 'readwrite');
        const [outbox, notes] = ['outbox', 'notes'].map(name => transaction.objectStore(name));
        notes.get('seq').onsuccess = found => {
            let seq = Number(found.target.result ?? 0);
            records.forEach(record => outbox.put({ ...record, seq: ++seq }));
            notes.put(String(seq), 'seq');
        };
        transaction.oncomplete = () => { opening.result.close(); resolve(true); };
        transaction.onabort = () => reject(transaction.error);
    };
}))";

const READ: &str = r"
(store => new Promise((resolve, reject) => {
    const opening = indexedDB.open('turns');
    opening.onerror = () => reject(opening.error);
    // A database that is not there must not come to be by being looked for.
    opening.onupgradeneeded = () => opening.transaction.abort();
    opening.onsuccess = () => {
        const reading = opening.result.transaction(store).objectStore(store).getAll();
        reading.onsuccess = () => { opening.result.close(); resolve(reading.result); };
        reading.onerror = () => reject(reading.error);
    };
}))";
