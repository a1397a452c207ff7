//! How a tablet follows what others do: few connections, one tab for all, and a table that is fetched anew unseen.
//!
//! Real Chromium, real server process. The wire between them counts and holds.

use anyhow::{Result, ensure};
use tests::{
    App, Chromium, HoldingProxy, ServerOptions, ServerProcess, eventually,
    scene::{ADMIN, HOMES, MANAGER, at_work},
};

const TABLES: [&str; 9] = [
    "turn-stages",
    "property-types",
    "vendors",
    "properties",
    "turns",
    "scope-items",
    "approvals",
    "documents",
    "notifications",
];

/// The doorbell's, and that of one question.
fn two_connections_at_most(wire: &HoldingProxy) -> Result<()> {
    let most = wire.most_at_once_of("/api/sync/");
    ensure!(most.len() == 2, "{} requests at once: {most:#?}", most.len());
    Ok(())
}

#[tokio::test]
async fn three_tabs_share_two_connections_and_the_next_one_takes_over() -> Result<()> {
    let server = ServerProcess::with_demo(HOMES).await?;
    let wire = HoldingProxy::start(server.port()).await?;
    let browser = Chromium::launch_new().await?;
    let tablet = browser.device().await?;
    let first = at_work(&tablet, &wire.url(), MANAGER).await?;
    let second = App::open_at(&tablet, &wire.url(), "/board").await?;
    let third = App::open_at(&tablet, &wire.url(), "/sync").await?;
    let third_shows_tables = "[...document.querySelectorAll('main')].some(main => main.textContent.includes('kept up to date by another tab'))";
    third.page().wait_for(third_shows_tables, "another tab to lead").await?;
    third.visit("/board").await?;
    for tab in [&second, &third] {
        tab.wait_for_cards().await?;
    }
    let property = first.first_card("Draft").await?;
    let office = at_work(&browser.another_device().await?, &server.url(), ADMIN).await?;
    for stage in ["Inspection", "Draft", "Inspection"] {
        office.move_to(&property, stage).await?;
        for tab in [&first, &second, &third] {
            tab.wait_for_card(&property, stage).await?;
        }
    }
    for table in TABLES {
        ensure!(wire.requests_of(&format!("/api/sync/{table}?")) > 0, "{table} was never asked for");
    }
    ensure!(wire.requests_of("/api/sync/live") == 1, "one tab listens");
    two_connections_at_most(&wire)?;

    first.page().clone().close().await?;
    eventually("another tab to listen", async || {
        let listened = wire.requests_of("/api/sync/live");
        ensure!(listened == 2, "{listened} have listened so far");
        Ok(())
    })
    .await?;
    office.move_to(&property, "Draft").await?;
    for tab in [&second, &third] {
        tab.wait_for_card(&property, "Draft").await?;
        tab.page().assert_no_errors()?;
    }
    two_connections_at_most(&wire)
}

#[tokio::test]
async fn a_table_that_must_be_fetched_anew_stays_on_the_screen_until_it_is_here() -> Result<()> {
    // What happened is forgotten at each start.
    let forgetful = ServerOptions {
        demo: HOMES,
        env: vec![("CHANGE_LOG_ENTRIES".into(), "0".into())],
        ..ServerOptions::default()
    };
    let mut server = ServerProcess::start(forgetful).await?;
    let wire = HoldingProxy::start(server.port()).await?;
    let browser = Chromium::launch_new().await?;
    let tablet = browser.device().await?;
    let app = at_work(&tablet, &wire.url(), MANAGER).await?;
    let (theirs, mine) = (&app.first_card("Draft").await?, &app.first_card("Secure Property").await?);
    let drafts = app.cards("Draft").await?.len();

    tablet.set_offline(true).await?;
    app.move_to(mine, "Draft").await?;
    let office = at_work(&browser.another_device().await?, &server.url(), ADMIN).await?;
    office.move_to(theirs, "Inspection").await?;
    office.wait_for_status("All changes saved").await?;
    server.restart().await?;
    eventually("the log to be forgotten", async || {
        let kept = server.db_number("select count(*) from changes").await?;
        ensure!(kept == 0, "{kept} entries are left");
        Ok(())
    })
    .await?;

    // The signal is back, and goes in the middle of fetching anew.
    let mut held = wire.hold_answer_of("/api/sync/turns?offset=-1");
    tablet.set_offline(false).await?;
    held.wait().await?;
    let as_it_was = async |app: &App| {
        app.wait_for_card(theirs, "Draft").await?;
        app.wait_for_card(mine, "Draft").await?;
        ensure!(app.cards("Draft").await?.len() == drafts + 1, "the old rows are all there");
        anyhow::Ok(())
    };
    as_it_was(&app).await?;
    held.lose();
    as_it_was(&App::open_at(&tablet, &wire.url(), "/board").await?).await?;

    wire.pass();
    app.wait_for_card(theirs, "Inspection").await?;
    app.wait_for_card(mine, "Draft").await?;
    app.wait_for_status("All changes saved").await?;
    ensure!(
        wire.requests_of("/api/sync/turns?offset=-1&expired_handle=") > 0,
        "the server hears which log is gone"
    );
    two_connections_at_most(&wire)
}
