//! When the worker ran, why, and how it went: for the sync inspector.
//!
//! **Invariant:** only for people to look at: nothing is decided by it, and a note that cannot be read or kept is passed over.

use crate::store::{DeviceStore, StoreError};
use serde::{Deserialize, Serialize};
use sync::Store;

/// So many are kept.
const MOST: usize = 20;
const NOTE: &str = "worker-runs";
/// Where the first released version kept its latest one.
const NOTE_OF_LAST: &str = "worker-last-run";

/// Who had the worker run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WokenBy {
    /// The browser, by Background Sync: the app may have been closed.
    Sync,
    /// A page, when something was tapped or decided.
    Tap,
    /// A page, because **Retry now** was pressed.
    Asked,
    /// A page, when a pause was over, or to look after what is on its way.
    Timer,
    /// A page, when the browser had a network again.
    Online,
    /// A page, when the server answered again, or took the session.
    Server,
    /// A page, when somebody came back to it.
    Visible,
    /// A page, when it was opened.
    Start,
    /// A page, as those of the first released version say it.
    Page,
    /// A page, to ask what has become of writes that are held for a supervisor.
    HeldCheck,
    /// A page of another version, for a reason of its own.
    #[serde(other)]
    Other,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerRun {
    /// When it ended, in milliseconds since 1970.
    pub at_ms: i64,
    /// Why it began.
    pub woken_by: WokenBy,
    /// How it went, in words.
    pub outcome: String,
}

impl WokenBy {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::Sync,
        Self::Tap,
        Self::Asked,
        Self::Timer,
        Self::Online,
        Self::Server,
        Self::Visible,
        Self::Start,
        Self::Page,
        Self::HeldCheck,
        Self::Other,
    ];

    /// As it stands in a message to the worker.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Tap => "tap",
            Self::Asked => "asked",
            Self::Timer => "timer",
            Self::Online => "online",
            Self::Server => "server",
            Self::Visible => "visible",
            Self::Start => "start",
            Self::Page => "page",
            Self::HeldCheck => "held-check",
            Self::Other => "other",
        }
    }

    /// As a message says it; pages of the first released version say nothing.
    pub fn from_name(name: Option<&str>) -> Self {
        let Some(name) = name else { return Self::Page };
        let known = Self::ALL.into_iter().find(|known| known.name() == name);
        known.unwrap_or(Self::Other)
    }
}

impl WorkerRun {
    /// The latest ones, the last first.
    pub async fn read_all(store: &DeviceStore) -> Result<Vec<Self>, StoreError> {
        let runs = store.note(NOTE).await?.and_then(|text| serde_json::from_str(&text).ok());
        if let Some(runs) = runs {
            return Ok(runs);
        }
        let last = store.note(NOTE_OF_LAST).await?.and_then(|text| serde_json::from_str(&text).ok());
        Ok(last.into_iter().collect())
    }

    /// Notes this one.
    pub async fn note(self, store: &DeviceStore) -> Result<(), StoreError> {
        let mut runs = Self::read_all(store).await?;
        runs.insert(0, self);
        runs.truncate(MOST);
        store.set_note(NOTE, serde_json::to_string(&runs).ok().as_deref()).await
    }
}
