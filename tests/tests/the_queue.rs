//! The ways in which others lose what was queued, each brought about: here nothing is lost, and nothing is done twice.
//!
//! What people do to a queue (signing out, resetting a password, giving a home away) is told in `the_user.rs`. Real Chromium, real server
//! process; what lies between them is cut, or answers for the server.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::{
    App, Instead, eventually,
    scene::{Held, MANAGER},
};

const WRITES: &str = "/api/write/batch";

fn problem(status: u16, body: &'static str, is_carried_out: bool) -> Instead {
    Instead { status, body, is_carried_out }
}

#[tokio::test]
async fn a_500_is_no_delivery() -> Result<()> {
    let internal = r#"{"success": false, "error": {"type": "INTERNAL", "message": "something went wrong"}}"#;
    for instead in [
        problem(500, internal, false),
        problem(500, internal, true),
        problem(502, "<html>Bad gateway</html>", true),
        // A hotel's page that says yes to everything.
        problem(200, "<html>Welcome to our network</html>", false),
        problem(200, r#"{"success": true, "results": []}"#, false),
    ] {
        let held = Held::at_work().await?;
        let property = held.app.first_card("Draft").await?;
        let mut answered = held.wire.answer_instead(WRITES, instead);
        held.app.move_to(&property, "Inspection").await?;
        answered.wait().await?;
        // Nobody touches anything any more.
        held.wait_saved_once(&property, "Inspection").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_401_deletes_no_queued_write() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    let unknown = r#"{"success": false, "error": {"type": "UNAUTHENTICATED", "message": "sign in first"}}"#;
    let mut answered = held.wire.answer_instead(WRITES, problem(401, unknown, false));
    held.app.move_to(&property, "Inspection").await?;
    answered.wait().await?;
    // The session is asked about, and stands: nobody has to do anything.
    held.wait_saved_once(&property, "Inspection").await
}

#[tokio::test]
async fn a_403_deletes_no_queued_write() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    let forbidden = r#"{"success": false, "error": {"type": "PERMISSION", "message": "not from here"}}"#;
    let mut answered = held.wire.answer_instead(WRITES, problem(403, forbidden, false));
    held.app.move_to(&property, "Inspection").await?;
    answered.wait().await?;

    held.app.wait_for_status("1 change needs you").await?;
    ensure!(held.receipts().await? == 0);
    // It goes again when its author says so, by keyboard alone.
    let page = held.app.page();
    held.app.resolve(&property).await?;
    page.role("dialog").wait_text("Not from here").await?;
    page.wait_for("document.activeElement?.textContent === 'Send again'", "the focus on the likeliest answer")
        .await?;
    page.press("Enter").await?;
    held.wait_saved_once(&property, "Inspection").await
}

#[tokio::test]
async fn the_queue_moves_without_the_next_tap() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    // The tablet has a signal all the time; it is the office that cannot be reached.
    held.wire.refuse();
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;
    held.wire.pass();
    // Nobody touches anything any more.
    held.wait_saved_once(&property, "Inspection").await
}

#[tokio::test]
async fn a_retry_inserts_once() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    held.app.open_scope(&property).await?;
    let mut answer = held.wire.hold_answer_of(WRITES);
    held.app.add_item("Kitchen", "Repaint the north wall", "125.50").await?;
    answer.wait().await?;
    let inserted = "select count(*) from scope_items where description = 'Repaint the north wall'";
    ensure!(held.server.db_number(inserted).await? == 1, "the server has it, and the tablet does not know");
    let asked = held.wire.requests_of(WRITES);
    answer.lose();
    held.wire.pass();
    held.app.wait_for_status("All changes saved").await?;
    ensure!(held.wire.requests_of(WRITES) > asked, "it is asked about again");
    let (rows, receipts) = (held.server.db_number(inserted).await?, held.receipts().await?);
    ensure!((rows, receipts) == (1, 1), "{rows} rows, {receipts} receipts");
    let lines = held.app.page().role("checkbox").name_containing("Repaint the north wall").count().await?;
    ensure!(lines == 1, "the walk shows it {lines} times");
    held.app.page().assert_no_errors()
}

#[tokio::test]
async fn a_poisoned_write_blocks_nobody() -> Result<()> {
    let held = Held::at_work().await?;
    let in_draft = held.app.cards("Draft").await?;
    let [poisoned, others @ ..] = in_draft.as_slice() else {
        anyhow::bail!("nobody is in Draft")
    };
    // A row that the database itself refuses: a fault of the server's, as often as it is asked.
    let trap = format!(
        "create trigger trap before update of stage_id on turns \
         when new.property_id in (select id from properties where name = '{}') begin select raise(abort, 'trap'); end",
        poisoned.replace('\'', "''")
    );
    held.server.db(&trap).await?;

    held.tablet.set_offline(true).await?;
    held.app.move_to(poisoned, "Inspection").await?;
    for property in others {
        held.app.move_to(property, "Inspection").await?;
    }
    held.tablet.set_offline(false).await?;
    let expected = others.len() as i64;
    eventually("everything but the poisoned one", async || {
        let receipts = held.receipts().await?;
        ensure!(receipts == expected, "{receipts} of {expected} receipts");
        Ok(())
    })
    .await?;
    held.app.wait_for_status("1 change waiting").await?;
    held.server.db("drop trigger trap").await?;
    held.app.page().named("link", "Sync").click().await?;
    held.app.page().named("button", "Retry now").click().await?;
    held.app.wait_for_status("All changes saved").await?;
    ensure!(held.receipts().await? == expected + 1);
    Ok(())
}

#[tokio::test]
async fn a_resync_reverts_no_pending_edit() -> Result<()> {
    let mut held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;

    // A backup was put back: every log is another, every table comes again.
    held.server.terminate().await?;
    held.server.run(&["restored"]).await?;
    held.server.restart().await?;
    let busy = r#"{"success": false, "error": {"type": "UNAVAILABLE", "message": "not now"}}"#;
    let mut answered = held.wire.answer_instead(WRITES, problem(503, busy, false));
    let shapes = held.wire.requests_of("/api/sync/turns");
    held.tablet.set_offline(false).await?;
    answered.wait().await?;
    eventually("the turns to come again", async || {
        ensure!(held.wire.requests_of("/api/sync/turns") > shapes + 1);
        Ok(())
    })
    .await?;
    held.app.wait_for_card(&property, "Inspection").await?;
    held.wait_saved_once(&property, "Inspection").await
}

/// Moves these turns by their menus, round and round, for so long; gives how many moves the app took, as it measures each. A turn is left
/// out while its column does not paint it, and what the other tab has moved there while the menu was open is no move.
const HAMMER: &str = r"
(async (names, stages, milliseconds) => {
    const frame = () => new Promise(requestAnimationFrame);
    const end = performance.now() + milliseconds;
    let moves = 0;
    const count = entries => { moves += entries.filter(entry => entry.name === 'turns:view').length; };
    const observer = new PerformanceObserver(list => count(list.getEntries()));
    observer.observe({ type: 'measure' });
    for (let turn = 0; performance.now() < end; turn++) {
        const name = names[turn % names.length];
        const card = [...document.querySelectorAll('article')].find(card => card.getAttribute('aria-label') === name);
        card?.querySelector('.move-button')?.click();
        await frame();
        const items = [...document.querySelectorAll('[role=menuitem]:not([aria-disabled=true])')];
        const item = items.find(item => item.getAttribute('aria-label') === stages[Math.floor(Math.random() * stages.length)]);
        if (item) item.click(); else document.querySelector('.menu-backdrop')?.click();
        await frame();
    }
    count(observer.takeRecords());
    observer.disconnect();
    return moves;
})";

/// The browser may take the worker away at any time, also in the middle of what it sends; taps wake it again.
async fn stopped_while_sending(held: &Held) -> Result<()> {
    let asked = held.wire.requests_of(WRITES);
    eventually("the worker to send", async || {
        ensure!(held.wire.requests_of(WRITES) > asked, "nothing is sent");
        Ok(())
    })
    .await?;
    held.tablet.workers().stop_all().await
}

#[tokio::test]
async fn two_tabs_and_a_worker_at_the_same_rows_for_a_minute() -> Result<()> {
    let held = Held::at_work().await?;
    let second = App::open_at(&held.tablet, &held.wire.url(), "/board").await?;
    second.wait_for_cards().await?;
    let properties: Vec<String> = held.app.cards("Draft").await?.into_iter().take(3).collect();
    // Neither demands anything of the other, in whatever order the moves reach the server.
    let stages = ["Draft", "Inspection"];
    let mut moves = 0;
    for _ in 0..12 {
        let script = format!("{HAMMER}({}, {}, 5000)", json!(properties), json!(stages));
        let (one, other, ()) = tokio::try_join!(held.app.page().eval(&script), second.page().eval(&script), stopped_while_sending(&held))?;
        moves += one.as_i64().unwrap_or_default() + other.as_i64().unwrap_or_default();
        // And once more between two rounds, when it may have nothing to do.
        held.tablet.workers().stop_all().await?;
    }
    ensure!(moves > 300, "only {moves} moves in a minute");
    for app in [&held.app, &second] {
        app.wait_for_status("All changes saved").await?;
    }
    let stands = "select p.name as name, s.name as stage from turns t join properties p on p.id = t.property_id join turn_stages s on s.id = t.stage_id where t.is_active";
    for row in held.server.db(stands).await? {
        let (name, stage) = (row["name"].as_str().unwrap_or_default(), row["stage"].as_str().unwrap_or_default());
        if properties.iter().any(|property| property == name) {
            held.app.wait_for_card(name, stage).await?;
            second.wait_for_card(name, stage).await?;
        }
    }
    let (receipts, writes) = (held.receipts().await?, held.turn_writes().await?);
    ensure!((receipts, writes) == (moves, moves), "{moves} moves, {receipts} receipts, {writes} writes");
    Ok(())
}

/// Puts records into the outbox as an older app has left them, from a page on which no app runs.
const LEAVE_BEHIND: &str = r"
(records => new Promise((resolve, reject) => {
    const opening = indexedDB.open('turns');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
        const transaction = opening.result.transaction(['outbox', 'notes'], 'readwrite');
        records.forEach(record => transaction.objectStore('outbox').put(record));
        transaction.objectStore('notes').put('7', 'seq');
        transaction.oncomplete = () => { opening.result.close(); resolve(true); };
        transaction.onabort = () => reject(transaction.error);
    };
}))";

#[tokio::test]
async fn an_update_of_the_app_keeps_old_envelopes() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    let fact = async |sql: &str| -> Result<String> {
        let rows = held.server.db(sql).await?;
        Ok(rows.first().and_then(|row| row["fact"].as_str()).unwrap_or_default().to_owned())
    };
    let name = property.replace('\'', "''");
    let turn = fact(&format!(
        "select t.id as fact from turns t join properties p on p.id = t.property_id where p.name = '{name}'"
    ))
    .await?;
    let stage = |name: &str| format!("select id as fact from turn_stages where name = '{name}'");
    let (draft, inspection) = (fact(&stage("Draft")).await?, fact(&stage("Inspection")).await?);
    let user = fact(&format!("select id as fact from users where email = '{MANAGER}'")).await?;
    let version = held.server.db_number(&format!("select version from turns where id = '{turn}'")).await?;

    let old = json!({
        "schema": 1, "writeId": tests::api::new_write_id(), "userId": user, "deviceId": tests::api::new_write_id(), "seq": 6,
        "table": "turns", "rowId": turn, "operation": "stage-change", "changes": { "stage_id": { "from": draft, "to": inspection } },
        "baseVersion": version, "dependsOn": [], "madeAtMs": 1_763_870_000_000_i64, "state": "sending", "attempts": 3,
        "nextAttemptAtMs": null, "lastError": null, "receipt": null, "revision": 2
    });
    let foreign = json!({ "schema": 99, "writeId": tests::api::new_write_id(), "userId": user, "seq": 7, "wish": "of another time" });
    held.app.page().clone().close().await?;
    let blank = held.tablet.open_page(&format!("{}/health", held.wire.url())).await?;
    blank.eval(&format!("{LEAVE_BEHIND}({})", json!([old, foreign]))).await?;
    blank.close().await?;

    let app = App::open_at(&held.tablet, &held.wire.url(), "/board").await?;
    app.wait_for_card(&property, "Inspection").await?;
    eventually("its receipt", async || {
        ensure!(held.receipts().await? == 1);
        Ok(())
    })
    .await?;
    app.page().named("link", "Sync").click().await?;
    app.page().named("region", "Not understood").wait_text("made by a newer version of Turns").await
}
