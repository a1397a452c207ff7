//! From the server's commit to the paint in somebody else's browser.

use crate::{report::Report, screen};
use anyhow::{Context, Result};
use serde_json::json;
use tests::{App, ServerProcess};

const CHANGES: usize = 30;

/// Resolves one frame after the card stands in the stage: the moment of the paint, in milliseconds since 1970.
const PAINTED: &str = r"
(name, stage) => new Promise(resolve => {
    const look = () => {
        const card = [...document.querySelectorAll('article')].find(card => card.getAttribute('aria-label') === name);
        if (card?.closest('section').getAttribute('aria-label') !== stage) return false;
        observer.disconnect();
        requestAnimationFrame(() => setTimeout(() => resolve(performance.timeOrigin + performance.now())));
        return true;
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true });
    look();
})";

/// One change at a time. The commit's moment is the receipt's, from the server's database; both clocks are this machine's.
pub async fn measure(report: &mut Report, server: &ServerProcess, app: &App, onlooker: &App) -> Result<()> {
    let property = app.first_card("Draft").await?;
    onlooker.wait_for_card(&property, "Draft").await?;
    let (mut from_commit, mut from_tap) = (Vec::new(), Vec::new());
    for change in 0..CHANGES {
        let stage = if change % 2 == 0 { "Inspection" } else { "Draft" };
        onlooker
            .page()
            .eval(&format!("void (window.painted = ({PAINTED})({}, {}))", json!(property), json!(stage)))
            .await?;
        let tapped = screen::move_turn(app, &property, stage).await?;
        let painted = onlooker.page().eval("window.painted").await?.as_f64().context("the moment of the paint")?;
        let committed = server.db_number("select max(at) from receipts").await? as f64 / 1_000.0;
        from_commit.push(painted - committed);
        from_tap.push(painted - tapped);
        app.wait_for_status("All changes saved").await?;
    }
    report.add_samples("write reaches the server → painted in the other browser", from_commit, "ms");
    report.add_samples("tap → painted in the other browser", from_tap, "ms");
    Ok(())
}
