//! Where most stories begin: a server with a demo, and a manager at work on a tablet.
//!
//! **Invariant:** the first sync is complete and the tablet's worker is in charge when a scene begins.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::{App, Chromium, Device, HoldingProxy, ServerProcess};

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

/// A manager at work, with a wire to the office that can be held in the hand.
pub struct Held {
    /// The office.
    pub server: ServerProcess,
    /// What lies between the two.
    pub wire: HoldingProxy,
    /// Her browser; it ends with the scene.
    pub browser: Chromium,
    /// Her tablet: the browser's own profile.
    pub tablet: Device,
    /// The app on it, at the board.
    pub app: App,
}

impl Held {
    /// Sets it.
    pub async fn at_work() -> Result<Self> {
        Self::in_a_browser("").await
    }

    /// Sets it in a browser that a script has made another kind of: it runs in her page before anything else.
    pub async fn in_a_browser(script: &str) -> Result<Self> {
        let server = ServerProcess::with_demo(HOMES).await?;
        let wire = HoldingProxy::start(server.port()).await?;
        let browser = Chromium::launch_new().await?;
        let tablet = browser.device().await?;
        let page = tablet.page().await?;
        page.run_first(script).await?;
        page.goto(&format!("{}/login", wire.url())).await?;
        let app = App::on(page, &wire.url());
        app.enter(MANAGER).await?;
        settled(&tablet, &wire.url(), &app).await?;
        Ok(Self {
            server,
            wire,
            browser,
            tablet,
            app,
        })
    }

    /// Takes the signal away and a photo of a turn: neither the photo nor its document is sent. It is shown.
    pub async fn photograph_without_signal(&self, folder: &Path) -> Result<()> {
        let page = self.app.page();
        let photo = page.photo_in(folder, "hall.jpg", 1_200, 900).await?;
        let property = self.app.first_card("Draft").await?;
        self.app.card(&property).role_inside("link").nth(0).click().await?;
        page.named("region", "Before").wait().await?;
        self.tablet.set_offline(true).await?;
        page.named("button", "Take photo: Before").choose_files(&[&photo]).await?;
        page.wait_for_photos(1).await?;
        self.app.wait_for_status("Offline · 1 change waiting").await
    }

    /// How many writes have been applied.
    pub async fn receipts(&self) -> Result<i64> {
        self.server.db_number("select count(*) from receipts").await
    }

    /// How often the turns' rows were written since the beginning.
    pub async fn turn_writes(&self) -> Result<i64> {
        self.server.db_number("select count(*) from audit_logs where table_name = 'turns'").await
    }

    /// Waits until the one move of this story is saved, and demands that it was applied once.
    pub async fn wait_saved_once(&self, property: &str, stage: &str) -> Result<()> {
        self.app.wait_for_status("All changes saved").await?;
        self.app.wait_for_card(property, stage).await?;
        let (receipts, writes) = (self.receipts().await?, self.turn_writes().await?);
        ensure!((receipts, writes) == (1, 1), "{receipts} receipts, {writes} writes");
        Ok(())
    }
}

/// Signs in on a device that is new to the app, and waits until it has everything.
pub async fn at_work(device: &Device, base: &str, email: &str) -> Result<App> {
    let app = App::sign_in(device, base, email).await?;
    settled(device, base, &app).await?;
    Ok(app)
}

async fn settled(device: &Device, base: &str, app: &App) -> Result<()> {
    device.workers().wait_activated(base).await?;
    app.wait_for_status("All changes saved").await
}
