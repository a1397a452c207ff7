//! A page: navigation, scripts, waiting, and what to show when a story fails.
//!
//! **Invariant:** an error of a page says what the page printed and what a screen reader would have found on it.

pub mod files;
pub mod journal;
mod keyboard;
mod locator;
mod pictures;
mod pointer;
mod snapshot;
pub mod storage;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine;
use serde_json::{Value, json};

pub use locator::Locator;

use crate::cdp::{Cdp, lock};
use crate::signal::Signal;
use crate::wait::eventually;
use journal::Journal;

/// One page of a device.
#[derive(Clone)]
pub struct Page {
    cdp: Arc<Cdp>,
    signal: Arc<Signal>,
    target: String,
    session: String,
    journal: Arc<Mutex<Journal>>,
}

impl Page {
    pub(crate) async fn open(cdp: Arc<Cdp>, signal: Arc<Signal>, target: String, session: String) -> Result<Self> {
        let journal = Arc::new(Mutex::new(Journal::default()));
        let mut events = cdp.events();
        let (connection, notes, of_session) = (Arc::clone(&cdp), Arc::clone(&journal), session.clone());
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                if event.session.as_ref() != Some(&of_session) {
                    continue;
                }
                if event.method == "Page.javascriptDialogOpening" {
                    // An open dialog stops the page and every call to it; a person would answer it.
                    connection.send(Some(&of_session), "Page.handleJavaScriptDialog", json!({ "accept": true }));
                }
                lock(&notes).note(&event);
            }
        });
        let page = Self {
            cdp,
            signal,
            target,
            session,
            journal,
        };
        for domain in ["Page", "Runtime", "Log", "DOM", "Performance"] {
            page.call(&format!("{domain}.enable"), json!({})).await?;
        }
        // Every page of a story is the one that its person looks at.
        page.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
        Ok(page)
    }

    /// Goes to an address and waits until the document and what it names have loaded.
    pub async fn goto(&self, url: &str) -> Result<()> {
        let answer = self.call("Page.navigate", json!({ "url": url })).await?;
        if let Some(error) = answer["errorText"].as_str().filter(|error| !error.is_empty()) {
            bail!("{url} did not open: {error}");
        }
        self.wait_for("document.readyState === 'complete'", "the page to load").await
    }

    /// Runs a script in every document of this page from now on, before any script of its own: for browsers that lack something.
    pub async fn run_first(&self, script: &str) -> Result<()> {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await.map(drop)
    }

    /// Loads the page again.
    pub async fn reload(&self) -> Result<()> {
        // A mark on the old document tells it from the new one.
        self.eval("void (window.__before_reload = true)").await?;
        self.call("Page.reload", json!({})).await?;
        self.wait_for("!window.__before_reload && document.readyState === 'complete'", "the page to load again")
            .await
    }

    /// The value of an expression; a promise is awaited.
    pub async fn eval(&self, expression: &str) -> Result<Value> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let mut answer = self.call("Runtime.evaluate", params).await?;
        if let Some(details) = answer.get("exceptionDetails") {
            bail!("{expression}: {}", journal::exception(details));
        }
        Ok(answer["result"]["value"].take())
    }

    /// Waits until an expression is true.
    pub async fn wait_for(&self, condition: &str, what: &str) -> Result<()> {
        let expression = format!("(async () => Boolean(await ({condition})))()");
        let attempt = async || match self.eval(&expression).await? {
            Value::Bool(true) => Ok(()),
            _ => bail!("still not: {condition}"),
        };
        self.eventually(what, attempt).await
    }

    /// Where the page is: path, query and fragment.
    pub async fn path(&self) -> Result<String> {
        let path = self.eval("location.pathname + location.search + location.hash").await?;
        Ok(path.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the page is at a path.
    pub async fn wait_for_path(&self, path: &str) -> Result<()> {
        self.wait_for(&format!("location.pathname === {}", json!(path)), &format!("the address {path}"))
            .await
    }

    /// Elements by their role.
    pub fn role(&self, role: &str) -> Locator {
        Locator::role(self.clone(), role)
    }

    /// The element of a role with this accessible name, all of it.
    pub fn named(&self, role: &str, name: &str) -> Locator {
        Locator::role(self.clone(), role).name(name)
    }

    /// Writes what is seen into a PNG file.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let answer = self.call("Page.captureScreenshot", json!({ "format": "png" })).await?;
        let data = answer["data"].as_str().context("a screenshot without data")?;
        std::fs::write(file, base64::engine::general_purpose::STANDARD.decode(data)?).with_context(|| file.display().to_string())
    }

    /// Makes the page as large as a device's screen.
    pub async fn set_viewport(&self, width: u32, height: u32, touch: bool) -> Result<()> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await?;
        self.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": touch })).await.map(drop)
    }

    /// Sets media features, as `prefers-color-scheme` to `dark`.
    pub async fn set_media(&self, feature: &str, value: &str) -> Result<()> {
        let params = json!({ "features": [{ "name": feature, "value": value }] });
        self.call("Emulation.setEmulatedMedia", params).await.map(drop)
    }

    /// Chromium's counters: `JSHeapUsedSize`, `ScriptDuration`, `LayoutCount`, …
    pub async fn metrics(&self) -> Result<HashMap<String, f64>> {
        let answer = self.call("Performance.getMetrics", json!({})).await?;
        let metric = |metric: &Value| Some((metric["name"].as_str()?.to_owned(), metric["value"].as_f64()?));
        Ok(answer["metrics"].as_array().into_iter().flatten().filter_map(metric).collect())
    }

    /// What the page has printed and thrown.
    pub fn journal(&self) -> Journal {
        lock(&self.journal).clone()
    }

    /// Fails if the page has printed an error or thrown an exception.
    pub fn assert_no_errors(&self) -> Result<()> {
        let journal = self.journal();
        ensure!(journal.errors().is_empty(), "the page has errors: {:#?}", journal.errors());
        Ok(())
    }

    /// Takes the page out of its person's sight, as when they look at another app.
    pub async fn hide(&self) -> Result<()> {
        self.set_window("minimized").await?;
        self.wait_for("document.visibilityState === 'hidden'", "the page to be hidden").await
    }

    /// Brings it back.
    pub async fn show(&self) -> Result<()> {
        self.set_window("normal").await?;
        self.wait_for("document.visibilityState === 'visible'", "the page to be visible").await
    }

    async fn set_window(&self, state: &str) -> Result<()> {
        // With it a page counts as visible wherever it is.
        self.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": state == "normal" })).await?;
        let window = self.cdp.call(None, "Browser.getWindowForTarget", json!({ "targetId": self.target })).await?;
        let params = json!({ "windowId": window["windowId"], "bounds": { "windowState": state } });
        self.cdp.call(None, "Browser.setWindowBounds", params).await.map(drop)
    }

    /// Ends the page's process at once, as when the browser runs out of memory.
    pub fn crash(&self) {
        self.signal.remove_page(&self.session);
        // Nobody is left to answer.
        self.cdp.send(Some(&self.session), "Page.crash", json!({}));
    }

    /// Closes the page.
    pub async fn close(self) -> Result<()> {
        self.signal.remove_page(&self.session);
        self.cdp.call(None, "Target.closeTarget", json!({ "targetId": self.target })).await.map(drop)
    }

    /// Calls a method of the protocol on this page, for what has no name here.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value> {
        self.cdp.call(Some(&self.session), method, params).await
    }

    /// Waits for something on this page; the error says what the page shows instead.
    pub(crate) async fn eventually<T>(&self, what: &str, attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
        let result = eventually(what, attempt).await;
        let Err(error) = result else { return result };
        let path = self.path().await.unwrap_or_default();
        let snapshot = self.snapshot().await.unwrap_or_else(|error| format!("{error:#}\n"));
        Err(anyhow!(
            "{error:#}\nThe page is at {path}\nIts console:\n{}What a screen reader finds:\n{snapshot}",
            self.journal()
        ))
    }
}
