//! Choosing files, as photos, where a page asks for them.
//!
//! **Invariant:** the page asked by itself: a button that opens no file dialog is an error.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::locator::Locator;
use crate::cdp::Event;

impl Locator {
    /// Clicks it and answers the file dialog that opens.
    pub async fn choose_files(&self, files: &[&Path]) -> Result<()> {
        let page = &self.page;
        let mut events = page.cdp.events();
        page.call("Page.setInterceptFileChooserDialog", json!({ "enabled": true })).await?;
        self.click().await?;
        let opened = async {
            while let Some(event) = events.recv().await {
                if event.method == "Page.fileChooserOpened" && event.session.as_ref() == Some(&page.session) {
                    return Ok(event);
                }
            }
            bail!("the browser ended")
        };
        let opened: Event = tokio::time::timeout(Duration::from_secs(10), opened)
            .await
            .with_context(|| format!("{self} opened no file dialog"))??;
        let files: Vec<Value> = files.iter().map(|file| file.to_string_lossy().into()).collect();
        page.call(
            "DOM.setFileInputFiles",
            json!({ "files": files, "backendNodeId": opened.params["backendNodeId"] }),
        )
        .await?;
        page.call("Page.setInterceptFileChooserDialog", json!({ "enabled": false })).await.map(drop)
    }
}
