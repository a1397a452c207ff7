//! Browsers without Background Sync (Safari, Firefox) have what waits sent all the same: at the next start, when the network comes, when
//! their person comes back, and by a timer that is always armed.
//!
//! Real Chromium with a worker, from which Background Sync was taken; a real server process.

use std::time::Duration;

use anyhow::{Result, ensure};
use tests::{App, eventually, eventually_within, scene::Held};

const WRITES: &str = "/api/write/batch";
/// What these browsers do not have.
const NO_BACKGROUND_SYNC: &str = "delete self.SyncManager; delete ServiceWorkerRegistration.prototype.sync;";
/// The timer's longest pause, and something for a busy machine.
const TIMER: Duration = Duration::from_secs(45);

async fn at_work() -> Result<Held> {
    let held = Held::in_a_browser(NO_BACKGROUND_SYNC).await?;
    let has_sync = held
        .app
        .page()
        .eval("'sync' in ServiceWorkerRegistration.prototype || 'SyncManager' in self")
        .await?;
    ensure!(has_sync == false, "this browser has Background Sync");
    Ok(held)
}

/// The app, opened again in the same browser.
async fn opened_again(held: &Held) -> Result<App> {
    let page = held.tablet.page().await?;
    page.run_first(NO_BACKGROUND_SYNC).await?;
    page.goto(&format!("{}/board", held.wire.url())).await?;
    Ok(App::on(page, &held.wire.url()))
}

/// The browser itself has never woken the worker.
async fn nobody_but_pages_asked(app: &App) -> Result<()> {
    let notes = app.page().stored("notes").await?;
    let runs: Vec<&str> = notes.iter().filter_map(|note| note.as_str()).filter(|note| note.contains("wokenBy")).collect();
    ensure!(runs.len() == 1 && !runs[0].contains(r#""wokenBy":"sync""#), "the worker ran so: {runs:?}");
    Ok(())
}

#[tokio::test]
async fn without_background_sync_the_next_start_and_the_network_send_what_waits() -> Result<()> {
    let held = at_work().await?;
    let (first, second) = (held.app.first_card("Draft").await?, held.app.first_card("Secure Property").await?);
    held.tablet.set_offline(true).await?;
    held.app.move_to(&first, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    held.app.page().clone().close().await?;
    // The signal is back, the worker runs, and nobody has told it that there is something to do.
    held.tablet.set_offline(false).await?;
    ensure!(held.receipts().await? == 0, "it was sent with the app closed");

    let app = opened_again(&held).await?;
    app.wait_for_status("All changes saved").await?;
    app.wait_for_card(&first, "Inspection").await?;
    ensure!(held.receipts().await? == 1);

    held.tablet.set_offline(true).await?;
    app.move_to(&second, "Inspection").await?;
    app.wait_for_status("Offline · 1 change waiting").await?;
    held.tablet.set_offline(false).await?;
    app.wait_for_status("All changes saved").await?;
    app.wait_for_card(&second, "Inspection").await?;
    let (receipts, writes) = (held.receipts().await?, held.turn_writes().await?);
    ensure!((receipts, writes) == (2, 2), "{receipts} receipts, {writes} writes");
    nobody_but_pages_asked(&app).await
}

/// Moves a turn, and takes the worker away while the answer is on its way: nobody has been told that anything is left to do. Gives how often
/// the server was asked by then.
async fn left_in_the_middle(held: &Held, property: &str) -> Result<usize> {
    let mut answer = held.wire.hold_answer_of(WRITES);
    held.app.move_to(property, "Inspection").await?;
    answer.wait().await?;
    held.tablet.workers().stop_all().await?;
    Ok(held.wire.requests_of(WRITES))
}

#[tokio::test]
async fn without_background_sync_a_person_who_comes_back_and_the_timer_send_what_waits() -> Result<()> {
    let held = at_work().await?;
    let (first, second) = (held.app.first_card("Draft").await?, held.app.first_card("Secure Property").await?);
    let asked_again = |asked: usize| {
        let wire = &held.wire;
        async move |why: &str, patience: Duration| {
            eventually_within(patience, why, async || {
                ensure!(wire.requests_of(WRITES) > asked, "nothing was sent");
                Ok(())
            })
            .await
        }
    };

    // She looks at something else, and comes back long before the timer.
    let asked = left_in_the_middle(&held, &first).await?;
    held.app.page().hide().await?;
    held.app.page().show().await?;
    asked_again(asked)("the app to go on when its person is back", tests::wait::PATIENCE).await?;
    held.app.wait_for_status("All changes saved").await?;
    ensure!(held.receipts().await? == 1);

    // Nobody comes back, and nobody touches anything.
    let asked = left_in_the_middle(&held, &second).await?;
    asked_again(asked)("the timer", TIMER).await?;
    held.app.wait_for_status("All changes saved").await?;
    eventually("both to be applied once", async || {
        let (receipts, writes) = (held.receipts().await?, held.turn_writes().await?);
        ensure!((receipts, writes) == (2, 2), "{receipts} receipts, {writes} writes");
        Ok(())
    })
    .await?;
    nobody_but_pages_asked(&held.app).await?;
    held.app.page().assert_no_errors()
}
