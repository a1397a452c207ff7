//! Where most stories begin: a server with a demo, and a manager at work on a tablet.
//!
//! **Invariant:** the first sync is complete and the tablet's worker is in charge when a scene begins.

use anyhow::Result;

use crate::{App, Chromium, Device, ServerProcess};

/// Has half of the demo's homes.
pub const MANAGER: &str = "manager@example.com";
/// Has the other half.
pub const SECOND_MANAGER: &str = "manager2@example.com";
/// Sees all of them.
pub const ADMIN: &str = "admin@example.com";
/// Enough for a turn in every stage.
pub const HOMES: u32 = 60;

/// A manager at work.
pub struct Scene {
    /// The office.
    pub server: ServerProcess,
    /// Her browser; it ends with the scene.
    pub browser: Chromium,
    /// Her tablet: the browser's own profile.
    pub tablet: Device,
    /// The app on it, at the board.
    pub app: App,
}

impl Scene {
    /// Sets it.
    pub async fn manager_at_work() -> Result<Self> {
        let server = ServerProcess::with_demo(HOMES).await?;
        let browser = Chromium::launch_new().await?;
        let tablet = browser.device().await?;
        let app = at_work(&tablet, &server.url(), MANAGER).await?;
        Ok(Self { server, browser, tablet, app })
    }

    /// Somebody in the office, on a device of their own.
    pub async fn office(&self) -> Result<App> {
        at_work(&self.browser.another_device().await?, &self.server.url(), ADMIN).await
    }
}

/// Signs in on a device that is new to the app, and waits until it has everything.
pub async fn at_work(device: &Device, base: &str, email: &str) -> Result<App> {
    let app = App::sign_in(device, base, email).await?;
    device.workers().wait_activated(base).await?;
    app.wait_for_status("All changes saved").await?;
    Ok(app)
}
