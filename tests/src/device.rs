//! A device: one person's browser with its own storage and cookies, its pages and its workers.
//!
//! **Invariant:** a device's signal is one: all its pages and workers are offline, or none.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cdp::Cdp;
use crate::page::Page;
use crate::page::journal::Journal;
use crate::signal::Signal;
use crate::workers::Workers;

/// One device in a browser.
#[derive(Clone)]
pub struct Device {
    cdp: Arc<Cdp>,
    signal: Arc<Signal>,
    /// What pages are made in; none means the profile itself.
    made_in: Option<String>,
    /// The same, by the name that the browser gives it, which even the profile has.
    context: String,
    workers: Workers,
}

impl Device {
    pub(crate) async fn open(cdp: Arc<Cdp>, signal: Arc<Signal>, made_in: Option<String>) -> Result<Self> {
        // An empty page of no site: through it the device's workers are seen, also when no page of the app is open.
        let (target, session) = new_target(&cdp, made_in.as_deref()).await?;
        let info = cdp.call(None, "Target.getTargetInfo", json!({ "targetId": target })).await?;
        let context = info["targetInfo"]["browserContextId"].as_str().context("browserContextId")?.to_owned();
        let workers = Workers::watch(Arc::clone(&cdp), &session).await?;
        Ok(Self {
            cdp,
            signal,
            made_in,
            context,
            workers,
        })
    }

    /// Opens an empty page.
    pub async fn page(&self) -> Result<Page> {
        let (target, session) = new_target(&self.cdp, self.made_in.as_deref()).await?;
        self.signal.add_page(&self.context, &session).await?;
        Page::open(Arc::clone(&self.cdp), Arc::clone(&self.signal), target, session).await
    }

    /// Opens a page at an address.
    pub async fn open_page(&self, url: &str) -> Result<Page> {
        let page = self.page().await?;
        page.goto(url).await?;
        Ok(page)
    }

    /// Takes the signal away, or gives it back.
    pub async fn set_offline(&self, offline: bool) -> Result<()> {
        if !offline {
            // The command hangs on a worker that is stopped.
            self.workers.start_all().await?;
        }
        self.signal.set_offline(&self.context, offline).await
    }

    /// Its service workers.
    pub const fn workers(&self) -> &Workers {
        &self.workers
    }

    /// What its service workers have printed.
    pub fn worker_journal(&self) -> Journal {
        self.signal.worker_journal(&self.context)
    }
}

/// A new window and a session with it.
async fn new_target(cdp: &Cdp, context: Option<&str>) -> Result<(String, String)> {
    // A window each: a page behind another one in the same window would count as hidden.
    let mut params = json!({ "url": "about:blank", "newWindow": true });
    if let Some(context) = context {
        params["browserContextId"] = context.into();
    }
    let text = |value: &Value| value.as_str().map(str::to_owned).context("an answer without its id");
    let target = text(&cdp.call(None, "Target.createTarget", params).await?["targetId"])?;
    let attached = cdp.call(None, "Target.attachToTarget", json!({ "targetId": target, "flatten": true })).await?;
    Ok((target, text(&attached["sessionId"])?))
}
