//! Choosing files, as photos, where a page asks for them, and the files that a page saves.
//!
//! **Invariant:** the page asked by itself: a button that opens no file dialog is an error.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::Page;
use super::locator::Locator;
use crate::cdp::Event;
use crate::wait::eventually;

impl Page {
    /// Has the page's files saved into a folder, unasked.
    pub async fn save_files_in(&self, folder: &Path) -> Result<()> {
        let params = json!({ "behavior": "allow", "downloadPath": folder });
        self.call("Page.setDownloadBehavior", params).await.map(drop)
    }
}

/// Waits until a file of this name has been saved in a folder, all of it.
pub async fn saved(folder: &Path, name: &str) -> Result<PathBuf> {
    let file = folder.join(name);
    // The browser gives it its name when it is complete.
    eventually("the file to be saved", async || {
        std::fs::metadata(&file).map(drop).with_context(|| file.display().to_string())
    })
    .await?;
    Ok(file)
}

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
