//! What tabs and the worker tell each other.
//!
//! A signal names what has changed; what it changed to is read from the store.
//!
//! **Invariant:** a signal that is lost or not understood costs freshness, never data.

use crate::scope::Listener;
use domain::{RowId, Table};
use serde::{Deserialize, Serialize};
use web_sys::{BroadcastChannel, MessageEvent};

/// Name of the channel.
const NAME: &str = "turns";

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Signal {
    /// Writes came, moved on or are over.
    OutboxChanged,
    /// Photos came, moved on or are over.
    PhotosChanged,
    /// Synced rows of a table.
    RowsChanged {
        /// Which table.
        table: Table,
        /// Which rows; all where they are too many to name.
        ids: Option<Vec<RowId>>,
    },
    /// Somebody signed in or out, or the session has ended.
    SessionChanged,
    /// A tab wants to know which one leads.
    WhoLeads,
    /// This tab leads.
    Leads {
        /// Its name, as the inspector says it.
        tab: String,
    },
    /// The worker has noted a run.
    WorkerRan,
    /// Whether the server answers.
    ServerReached {
        /// It did, a moment ago.
        reached: bool,
    },
}

/// This tab's, or the worker's, end of the channel. It does not hear itself.
pub struct Channel {
    raw: Option<BroadcastChannel>,
    _listener: Option<Listener>,
}

impl Channel {
    /// Joins, hearing every signal that this version of the app understands.
    pub fn join(hear: impl Fn(Signal) + 'static) -> Self {
        // A browser without channels has one tab that follows its own work, and others that follow at their next start.
        let Ok(raw) = BroadcastChannel::new(NAME) else {
            return Self { raw: None, _listener: None };
        };
        let listener = Listener::new(&raw, "message", move |event| {
            if let Some(signal) = read(&event) {
                hear(signal);
            }
        });
        Self {
            raw: Some(raw),
            _listener: Some(listener),
        }
    }

    /// Joins to speak only.
    pub fn speak_only() -> Self {
        Self {
            raw: BroadcastChannel::new(NAME).ok(),
            _listener: None,
        }
    }

    /// Tells everybody else.
    pub fn tell(&self, signal: &Signal) {
        if let (Some(raw), Ok(text)) = (&self.raw, serde_json::to_string(signal)) {
            let _ = raw.post_message(&text.into());
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if let Some(raw) = &self.raw {
            raw.close();
        }
    }
}

fn read(event: &web_sys::Event) -> Option<Signal> {
    use wasm_bindgen::JsCast;
    let text = event.dyn_ref::<MessageEvent>()?.data().as_string()?;
    serde_json::from_str(&text).ok()
}
