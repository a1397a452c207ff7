//! Who has a signal: network emulation for the pages of a device and for its service workers.
//!
//! A page's emulation does not reach its worker, and a worker that wakes while the device is offline would find a
//! network. So every worker is caught at its start, before its first line runs, and given its device's state.
//!
//! **Invariant:** while a device is offline, no page and no worker of it reaches the network.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cdp::{Cdp, Event, lock};
use crate::page::journal::Journal;

/// Every page and worker of a browser, by the context (device) that it belongs to.
pub(crate) struct Signal {
    cdp: Arc<Cdp>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    offline: HashSet<String>,
    pages: HashMap<String, String>,
    workers: HashMap<String, String>,
    /// A worker's target → its session.
    targets: HashMap<String, String>,
    journals: HashMap<String, Journal>,
}

impl Signal {
    /// Begins to catch the browser's service workers.
    pub async fn watch(cdp: Arc<Cdp>) -> Result<Arc<Self>> {
        let mut events = cdp.events();
        let signal = Arc::new(Self { cdp, state: Mutex::default() });
        let watcher = Arc::downgrade(&signal);
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let Some(signal) = watcher.upgrade() else { return };
                signal.notice(&event);
            }
        });
        let only_workers = json!([{ "type": "service_worker" }, { "exclude": true }]);
        let params = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true, "filter": only_workers });
        signal.cdp.call(None, "Target.setAutoAttach", params).await?;
        Ok(signal)
    }

    /// A new page, which gets its device's state.
    pub async fn add_page(&self, context: &str, session: &str) -> Result<()> {
        let offline = {
            let mut state = lock(&self.state);
            state.pages.insert(session.to_owned(), context.to_owned());
            state.offline.contains(context)
        };
        self.cdp.call(Some(session), "Network.enable", json!({})).await?;
        if offline {
            self.cdp.call(Some(session), EMULATE, conditions(true)).await?;
        }
        Ok(())
    }

    /// A page that is closed.
    pub fn remove_page(&self, session: &str) {
        lock(&self.state).pages.remove(session);
    }

    /// Takes the signal from a device, or gives it back.
    pub async fn set_offline(&self, context: &str, offline: bool) -> Result<()> {
        let of_context = |sessions: &HashMap<String, String>| -> Vec<String> {
            sessions
                .iter()
                .filter(|(_, owner)| *owner == context)
                .map(|(session, _)| session.clone())
                .collect()
        };
        let (workers, pages) = {
            let mut state = lock(&self.state);
            if offline {
                state.offline.insert(context.to_owned())
            } else {
                state.offline.remove(context)
            };
            (of_context(&state.workers), of_context(&state.pages))
        };
        // Workers first: a page that hears `online` at once calls its worker, which then needs the network.
        for session in workers {
            // A worker that stops in this moment never answers, and does not need to.
            self.cdp
                .call_within(Duration::from_secs(3), Some(&session), EMULATE, conditions(offline))
                .await
                .ok();
        }
        for session in pages {
            self.cdp.call(Some(&session), EMULATE, conditions(offline)).await?;
        }
        Ok(())
    }

    /// What the device's workers have printed.
    pub fn worker_journal(&self, context: &str) -> Journal {
        lock(&self.state).journals.get(context).cloned().unwrap_or_default()
    }

    fn notice(&self, event: &Event) {
        match event.method.as_str() {
            "Target.attachedToTarget" if event.params["targetInfo"]["type"] == "service_worker" => self.catch(&event.params),
            "ServiceWorker.workerVersionUpdated" => self.catch_again(&event.params),
            "Target.detachedFromTarget" => {
                lock(&self.state).workers.remove(event.params["sessionId"].as_str().unwrap_or_default());
            }
            _ => {
                let mut state = lock(&self.state);
                let Some(context) = event.session.as_ref().and_then(|session| state.workers.get(session)).cloned() else {
                    return;
                };
                state.journals.entry(context).or_default().note(event);
            }
        }
    }

    /// A worker starts for the first time.
    fn catch(&self, params: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (session, info) = (text(&params["sessionId"]), &params["targetInfo"]);
        let mut state = lock(&self.state);
        state.workers.insert(session.clone(), text(&info["browserContextId"]));
        state.targets.insert(text(&info["targetId"]), session.clone());
        drop(state);
        self.let_go(&session);
    }

    /// A worker that was stopped starts again: it keeps its session and waits anew, without being announced.
    fn catch_again(&self, params: &Value) {
        let starting = params["versions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|version| version["runningStatus"] == "starting");
        for target in starting.filter_map(|version| version["targetId"].as_str()) {
            let session = lock(&self.state).targets.get(target).cloned();
            if let Some(session) = session {
                self.let_go(&session);
            }
        }
    }

    /// A worker waits for us before its first line. Nobody waits for the answers: the calls are carried out in this order.
    fn let_go(&self, session: &str) {
        let offline = {
            let state = lock(&self.state);
            state.workers.get(session).is_some_and(|context| state.offline.contains(context))
        };
        self.cdp.send(Some(session), "Network.enable", json!({}));
        self.cdp.send(Some(session), EMULATE, conditions(offline));
        self.cdp.send(Some(session), "Runtime.enable", json!({}));
        self.cdp.send(Some(session), "Runtime.runIfWaitingForDebugger", json!({}));
    }
}

const EMULATE: &str = "Network.emulateNetworkConditions";

fn conditions(offline: bool) -> Value {
    json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 })
}
