//! What the sync inspector shows of the device, beside its writes.
//!
//! **Invariant:** looking changes nothing.

use super::{Device, StoragePromise};
use crate::{
    handover::{Handover, HandoverError},
    persistence::{self, StorageEstimate},
    runs::WorkerRun,
    search::{self, Found},
    store::{Session, StorageState},
};
use domain::{Row, Table};
use serde_json::Value as Json;
use sync::{LocalView, OutboxRecord};

impl Device {
    /// This user's tables: how many rows are shown, and how the stream stands, in words.
    pub fn tables(&self) -> Vec<(Table, usize, String)> {
        let tables = self.0.session.borrow().as_ref().map(Session::tables).unwrap_or_default();
        let view = self.0.view.borrow();
        tables
            .into_iter()
            .map(|table| (table, view.count(table), self.0.stream_in_words(table).to_owned()))
            .collect()
    }

    /// Whether this tab runs the streams.
    pub fn is_leader(&self) -> bool {
        self.0.is_leading.get()
    }

    /// This tab's name.
    pub fn tab(&self) -> String {
        self.0.tab.clone()
    }

    /// The name of the tab that runs the streams; none where it has not been heard of yet. A leader says so when it begins to lead, and when
    /// a tab opens and asks.
    pub fn leading_tab(&self) -> Option<String> {
        if self.is_leader() {
            Some(self.tab())
        } else {
            self.0.leading_tab.borrow().clone()
        }
    }

    /// When the worker ran lately, why, and how it went; the last one first.
    pub async fn worker_runs(&self) -> Vec<WorkerRun> {
        WorkerRun::read_all(&self.0.store).await.unwrap_or_default()
    }

    /// The rows of a table as they are shown that hold all words of `text` somewhere, in any case, in order of their making: `limit` of them
    /// behind the first `offset`. Without a word, all. `in_words` gives what people read in a row that does not hold them itself: the names
    /// behind its ids.
    pub fn search_table(&self, table: Table, text: &str, offset: usize, limit: usize, in_words: impl Fn(&LocalView, &Row) -> String) -> Found {
        search::search_table(&self.0.view.borrow(), table, text, offset..offset.saturating_add(limit), in_words)
    }

    /// Where what is tapped is kept. [`News::Storage`] tells when it changes; [`StorageState::MemoryOnly`] is to stay in sight.
    pub fn storage(&self) -> StorageState {
        self.0.store.state()
    }

    /// How much room the app takes and may take; `None` where the browser does not say.
    pub async fn storage_estimate(&self) -> Option<StorageEstimate> {
        persistence::estimate().await
    }

    /// When the browser was last asked to keep the app's data, and what it said; `None` before the first unsent change since sign-in.
    pub async fn storage_promise(&self) -> Option<StoragePromise> {
        StoragePromise::read(&self.0.store).await
    }

    /// This user's writes that are over, the latest first.
    pub async fn history(&self, most: usize) -> Vec<OutboxRecord> {
        self.0.history(most).await
    }

    /// Envelopes that this version of the app cannot read: why, and as stored.
    pub async fn unreadable(&self) -> Vec<(String, Json)> {
        self.0.unreadable().await
    }

    /// This user's writes, outbox and history, as a file that an administrator can read on the server with the passphrase. Nothing changes on
    /// the device: write ids keep what is imported there and sent from here from being applied twice. Takes a second: keys from passphrases do.
    pub async fn export_unsent(&self, passphrase: &str) -> Result<Handover, HandoverError> {
        self.0.export_unsent(passphrase).await
    }
}
