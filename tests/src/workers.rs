//! A device's service workers: stopped, started and woken as the browser would do it when it pleases.
//!
//! **Invariant:** when a call has returned, the browser has said that the worker is in that state.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::cdp::{Cdp, Event, lock};
use crate::wait::eventually;

/// The service workers of one device.
#[derive(Clone)]
pub struct Workers {
    cdp: Arc<Cdp>,
    session: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Registration → scope.
    scopes: HashMap<String, String>,
    /// By version id.
    versions: HashMap<String, Version>,
    /// How often each version has stopped.
    stops: HashMap<String, u64>,
}

/// One version of a worker, as the browser describes it.
#[derive(Clone, Debug)]
pub struct Version {
    /// The registration that it belongs to.
    pub registration: String,
    /// `new`, `installing`, `installed`, `activating`, `activated` or `redundant`.
    pub status: String,
    /// `stopped`, `starting`, `running` or `stopping`.
    pub running: String,
}

impl Workers {
    /// Watches through the session of any page of the device.
    pub(crate) async fn watch(cdp: Arc<Cdp>, session: &str) -> Result<Self> {
        let mut events = cdp.events();
        let state = Arc::new(Mutex::new(State::default()));
        let workers = Self {
            cdp,
            session: session.to_owned(),
            state: Arc::clone(&state),
        };
        let session = session.to_owned();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if event.session.as_deref() == Some(&session) {
                    lock(&state).note(&event);
                }
            }
        });
        workers.call("ServiceWorker.enable", json!({})).await?;
        Ok(workers)
    }

    /// Waits until the origin's worker is installed and in charge.
    pub async fn wait_activated(&self, origin: &str) -> Result<Version> {
        self.wait(origin, "an activated worker", |version| version.status == "activated").await
    }

    /// Waits until the origin's worker runs.
    pub async fn wait_running(&self, origin: &str) -> Result<Version> {
        self.wait(origin, "a running worker", |version| version.running == "running").await
    }

    /// Waits until the origin's worker has stopped.
    pub async fn wait_stopped(&self, origin: &str) -> Result<Version> {
        self.wait(origin, "a stopped worker", |version| version.running == "stopped").await
    }

    /// Starts the origin's worker.
    pub async fn start(&self, origin: &str) -> Result<()> {
        let scope = eventually("a registered worker", async || self.registration(origin)).await?.1;
        self.call("ServiceWorker.startWorker", json!({ "scopeURL": scope })).await?;
        self.wait_running(origin).await.map(drop)
    }

    /// Starts every worker of the device.
    pub async fn start_all(&self) -> Result<()> {
        let scopes: Vec<String> = lock(&self.state).scopes.values().cloned().collect();
        for scope in scopes {
            self.start(&scope).await?;
        }
        Ok(())
    }

    /// Stops every worker of the device, as the browser does with idle ones. It may start one again for an event at any time.
    pub async fn stop_all(&self) -> Result<()> {
        let running: Vec<(String, u64)> = {
            let state = lock(&self.state);
            let alive = state.versions.iter().filter(|(_, version)| version.running != "stopped");
            alive.map(|(id, _)| (id.clone(), state.stops(id))).collect()
        };
        self.call("ServiceWorker.stopAllWorkers", json!({})).await?;
        let state = &self.state;
        eventually("all workers to stop", async || {
            let state = lock(state);
            match running.iter().find(|(id, stops)| state.stops(id) == *stops) {
                None => Ok(()),
                Some((id, _)) => bail!("one has not stopped: {:?}", state.versions.get(id)),
            }
        })
        .await
    }

    /// Fires a Background Sync event, as the browser does when the signal is back; it wakes a stopped worker.
    pub async fn sync(&self, origin: &str, tag: &str, last_chance: bool) -> Result<()> {
        let registration = eventually("a registered worker", async || self.registration(origin)).await?.0;
        let params = json!({ "origin": plain(origin), "registrationId": registration, "tag": tag, "lastChance": last_chance });
        self.call("ServiceWorker.dispatchSyncEvent", params).await.map(drop)
    }

    /// Delivers a push message.
    pub async fn push(&self, origin: &str, data: &str) -> Result<()> {
        let registration = eventually("a registered worker", async || self.registration(origin)).await?.0;
        let params = json!({ "origin": plain(origin), "registrationId": registration, "data": data });
        self.call("ServiceWorker.deliverPushMessage", params).await.map(drop)
    }

    /// All versions of the origin's worker that the browser knows.
    pub fn versions(&self, origin: &str) -> Vec<Version> {
        let Ok((registration, _)) = self.registration(origin) else {
            return Vec::new();
        };
        lock(&self.state)
            .versions
            .values()
            .filter(|version| version.registration == registration)
            .cloned()
            .collect()
    }

    async fn wait(&self, origin: &str, what: &str, is: impl Fn(&Version) -> bool) -> Result<Version> {
        eventually(what, async || {
            let versions = self.versions(origin);
            versions
                .iter()
                .find(|version| is(version))
                .cloned()
                .with_context(|| format!("of {origin} there are {versions:?}"))
        })
        .await
    }

    /// The registration's id and scope.
    fn registration(&self, origin: &str) -> Result<(String, String)> {
        let state = lock(&self.state);
        let ours = |scope: &str| scope.trim_end_matches('/').starts_with(plain(origin));
        let found = state.scopes.iter().find(|(_, scope)| ours(scope));
        found
            .map(|(id, scope)| (id.clone(), scope.clone()))
            .with_context(|| format!("{origin} has registered no worker"))
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value> {
        self.cdp.call(Some(&self.session), method, params).await
    }
}

impl State {
    fn stops(&self, version: &str) -> u64 {
        self.stops.get(version).copied().unwrap_or_default()
    }

    fn note(&mut self, event: &Event) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |name: &str| event.params[name].as_array().cloned().unwrap_or_default();
        match event.method.as_str() {
            "ServiceWorker.workerRegistrationUpdated" => {
                for registration in list("registrations") {
                    let id = text(&registration["registrationId"]);
                    if registration["isDeleted"] == true {
                        self.scopes.remove(&id);
                    } else {
                        self.scopes.insert(id, text(&registration["scopeURL"]));
                    }
                }
            }
            "ServiceWorker.workerVersionUpdated" => {
                for version in list("versions") {
                    let [registration, status, running] = ["registrationId", "status", "runningStatus"].map(|name| text(&version[name]));
                    let id = text(&version["versionId"]);
                    if running == "stopped" && self.versions.get(&id).is_some_and(|known| known.running != "stopped") {
                        *self.stops.entry(id.clone()).or_default() += 1;
                    }
                    self.versions.insert(id, Version { registration, status, running });
                }
                // What is redundant and stopped will not come back.
                self.versions.retain(|_, version| version.status != "redundant" || version.running != "stopped");
            }
            _ => {}
        }
    }
}

fn plain(origin: &str) -> &str {
    origin.trim_end_matches('/')
}
