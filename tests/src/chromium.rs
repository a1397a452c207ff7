//! The browser as a process: started on a profile, killed, started again on the same one.
//!
//! **Invariant:** a story's browser shares nothing with another's; the profile is all that outlives a process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::cdp::Cdp;
use crate::device::Device;
use crate::process_group::ProcessGroup;
use crate::signal::Signal;

const FLAGS: [&str; 16] = [
    "--headless",
    // The build machine runs everything as root, where the sandbox cannot.
    "--no-sandbox",
    "--disable-gpu",
    // A container's /dev/shm is too small for Chromium.
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    // Two devices in one story are both in use, whichever window was opened last.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--use-fake-ui-for-media-stream",
    "--remote-debugging-port=0",
];

/// A running browser.
pub struct Chromium {
    cdp: Arc<Cdp>,
    signal: Arc<Signal>,
    process: ProcessGroup,
    profile: PathBuf,
    // Of a browser with a profile of its own: goes away with it.
    _folder: Option<tempfile::TempDir>,
}

impl Chromium {
    /// Starts the browser on a profile, which is made if it is not there.
    pub async fn launch(profile: impl Into<PathBuf>) -> Result<Self> {
        let profile = profile.into();
        std::fs::create_dir_all(&profile)?;
        let port_file = profile.join("DevToolsActivePort");
        for left_behind in [
            &port_file,
            &profile.join("SingletonLock"),
            &profile.join("SingletonCookie"),
            &profile.join("SingletonSocket"),
        ] {
            std::fs::remove_file(left_behind).ok();
        }
        let mut command = Command::new(program()?);
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.display())).arg("about:blank");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(profile.join("stderr.log"))?);
        let mut process = ProcessGroup::spawn(&mut command)?;
        let address = address(&mut process, &port_file).await.with_context(|| stderr(&profile))?;
        let cdp = Cdp::connect(&address).await?;
        let signal = Signal::watch(Arc::clone(&cdp)).await?;
        Ok(Self {
            cdp,
            signal,
            process,
            profile,
            _folder: None,
        })
    }

    /// Starts the browser on a new profile that goes away with it.
    pub async fn launch_new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut browser = Self::launch(folder.path()).await?;
        browser._folder = Some(folder);
        Ok(browser)
    }

    /// The device that the profile is: what it stores is there again after a restart.
    pub async fn device(&self) -> Result<Device> {
        Device::open(Arc::clone(&self.cdp), Arc::clone(&self.signal), None).await
    }

    /// Another device beside it, with its own storage and cookies; gone when the browser ends.
    pub async fn another_device(&self) -> Result<Device> {
        let made = self.cdp.call(None, "Target.createBrowserContext", json!({})).await?;
        let context = made["browserContextId"].as_str().context("browserContextId")?.to_owned();
        Device::open(Arc::clone(&self.cdp), Arc::clone(&self.signal), Some(context)).await
    }

    /// The connection, for what has no name here.
    pub const fn cdp(&self) -> &Arc<Cdp> {
        &self.cdp
    }

    /// Where the profile lies.
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// Ends it at once, as an empty battery would.
    pub fn kill(mut self) {
        self.process.kill();
    }

    /// Closes it as a person does: it writes its profile first.
    pub async fn close(mut self) -> Result<()> {
        // The answer may not come any more.
        self.cdp.call_within(Duration::from_secs(5), None, "Browser.close", json!({})).await.ok();
        self.process.wait().await?;
        Ok(())
    }
}

async fn address(process: &mut ProcessGroup, port_file: &Path) -> Result<String> {
    for _ in 0..600 {
        // Chromium writes the port and the path as two lines; the second one makes it complete.
        let written = std::fs::read_to_string(port_file).unwrap_or_default();
        if let Some((port, path)) = written.trim().split_once('\n') {
            return Ok(format!("ws://127.0.0.1:{port}{path}"));
        }
        if let Some(status) = process.ended()? {
            bail!("Chromium ended with {status}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("Chromium did not open its debugging port within 30 s")
}

fn program() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("CHROMIUM").filter(|program| !program.is_empty()) {
        return Ok(program.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut candidates = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    candidates
        .find(|file| file.is_file())
        .context("there is no Chromium: install it, or set CHROMIUM to its program")
}

fn stderr(profile: &Path) -> String {
    format!("Chromium printed:\n{}", std::fs::read_to_string(profile.join("stderr.log")).unwrap_or_default())
}
