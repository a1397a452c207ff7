//! What a person does in Turns, by the roles and names that a screen reader finds.
//!
//! **Invariant:** nothing here reaches into the app: it clicks, types and reads.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::server::DEMO_PASSWORD;
use crate::{Device, Locator, Page, eventually_within};

/// The app, open on one page.
#[derive(Clone)]
pub struct App {
    page: Page,
    base: String,
}

/// A first sync may take longer than anything else.
const FIRST_SYNC: Duration = Duration::from_secs(60);

impl App {
    /// Opens the app on a device that is new to it, signs in and waits for the board.
    pub async fn sign_in(device: &Device, base: &str, email: &str) -> Result<Self> {
        let app = Self::open_at(device, base, "/login").await?;
        app.enter(email).await?;
        Ok(app)
    }

    /// Signs in on the page for it, and waits for the board.
    pub async fn enter(&self, email: &str) -> Result<()> {
        self.page.named("textbox", "Email").fill(email).await?;
        self.page.named("textbox", "Password").fill(DEMO_PASSWORD).await?;
        self.page.named("button", "Sign in").click().await?;
        self.page.wait_for_path("/board").await?;
        self.wait_for_cards().await
    }

    /// Signs in again with a one-time password, and chooses another one as the app demands.
    pub async fn sign_in_again(&self, one_time_password: &str, password: &str) -> Result<()> {
        self.page.named("link", "Sign in").click().await?;
        self.page.named("textbox", "Password").fill(one_time_password).await?;
        self.page.named("button", "Sign in").click().await?;
        self.page.wait_for_path("/password").await?;
        self.page.named("textbox", "Password now").fill(one_time_password).await?;
        self.page.named("textbox", "New password").fill(password).await?;
        self.page.named("button", "Save password").click().await?;
        self.page.wait_for_path("/board").await
    }

    /// Opens the app at a path.
    pub async fn open_at(device: &Device, base: &str, path: &str) -> Result<Self> {
        let page = device.open_page(&format!("{}{path}", base.trim_end_matches('/'))).await?;
        Ok(Self::on(page, base))
    }

    /// The app on a page that is open already.
    pub fn on(page: Page, base: &str) -> Self {
        Self {
            page,
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// The page that it is on.
    pub const fn page(&self) -> &Page {
        &self.page
    }

    /// Goes to another page of the app as a link does, without loading it anew.
    pub async fn visit(&self, path: &str) -> Result<()> {
        self.page.goto(&format!("{}{path}", self.base)).await
    }

    /// Waits until the board shows any turn.
    pub async fn wait_for_cards(&self) -> Result<()> {
        eventually_within(FIRST_SYNC, "the board to show turns", async || {
            let cards = self.page.eval("document.querySelectorAll('article').length").await?;
            ensure!(cards.as_u64() > Some(0), "it shows none");
            Ok(())
        })
        .await
    }

    /// The names of the cards in a stage, from the top.
    pub async fn cards(&self, stage: &str) -> Result<Vec<String>> {
        let script = format!(
            "[...document.querySelectorAll('section')].filter(section => section.getAttribute('aria-label') === {})\
             .flatMap(section => [...section.querySelectorAll('article')].map(card => card.getAttribute('aria-label')))",
            json!(stage)
        );
        let names = self.page.eval(&script).await?;
        Ok(names.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The name of a stage's first card.
    pub async fn first_card(&self, stage: &str) -> Result<String> {
        self.cards(stage)
            .await?
            .into_iter()
            .next()
            .with_context(|| format!("there is no turn in {stage}"))
    }

    /// A turn's card, wherever it is.
    pub fn card(&self, property: &str) -> Locator {
        self.page.named("article", property)
    }

    /// Scrolls to a card, as a person does: the browser leaves out what is in one that is far away.
    async fn look_at(&self, property: &str) -> Result<Locator> {
        let card = self.card(property);
        card.wait().await?;
        card.call("function () { this.scrollIntoView({ block: 'center', inline: 'center' }) }", json!([]))
            .await?;
        Ok(card)
    }

    /// Waits until a turn's card stands in a stage.
    pub async fn wait_for_card(&self, property: &str, stage: &str) -> Result<()> {
        self.page.named("region", stage).inside("article", property).wait().await
    }

    /// Moves a turn by its menu.
    pub async fn move_to(&self, property: &str, stage: &str) -> Result<()> {
        self.look_at(property).await?.role_inside("button").name_containing("Move to").click().await?;
        self.page.named("menuitem", stage).click().await
    }

    /// Opens the question about a turn's refused change from its card, by keyboard.
    pub async fn resolve(&self, property: &str) -> Result<()> {
        self.look_at(property).await?.role_inside("button").name_containing("Resolve").focus().await?;
        self.page.press("Enter").await?;
        self.page.role("dialog").wait().await
    }

    /// Opens a turn from the board.
    pub async fn open_turn(&self, property: &str) -> Result<()> {
        self.look_at(property).await?.role_inside("link").nth(0).click().await?;
        self.page.wait_for("/^\\/turns\\/[^/]+$/.test(location.pathname)", "the turn's page").await
    }

    /// Opens the scope of a turn from the board.
    pub async fn open_scope(&self, property: &str) -> Result<()> {
        self.open_turn(property).await?;
        self.page.role("link").name_containing("Scope").nth(0).click().await?;
        self.page.wait_for("location.pathname.endsWith('/scope')", "the scope walk").await
    }

    /// Adds a line to the open scope.
    pub async fn add_item(&self, room: &str, description: &str, unit_cost: &str) -> Result<()> {
        for (field, text) in [
            ("Room", room),
            ("Category", "Paint"),
            ("Description", description),
            ("Quantity", "1"),
            ("Unit cost", unit_cost),
        ] {
            self.page.role("form").role_inside("textbox").name_containing(field).nth(0).fill(text).await?;
        }
        self.page.named("button", "Add item").click().await
    }

    /// What the header says about syncing.
    pub async fn status(&self) -> Result<String> {
        self.page.named("status", "Sync status").text().await
    }

    /// Waits until the header says something.
    pub async fn wait_for_status(&self, text: &str) -> Result<()> {
        self.page.named("status", "Sync status").wait_text(text).await
    }
}
