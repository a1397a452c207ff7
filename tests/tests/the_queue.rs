//! The ways in which others lose what somebody did, each brought about: here nothing is lost, and nothing is done twice.
//!
//! Real Chromium, real server process; what lies between them is cut, or answers for the server.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::{
    Api, App, Chromium, Device, HoldingProxy, Instead, ServerProcess,
    scene::{ADMIN, HOMES, MANAGER, SECOND_MANAGER, at_work},
};

const WRITES: &str = "/api/write/batch";

/// A manager at work, with a wire to the office that can be held in the hand.
struct Held {
    server: ServerProcess,
    wire: HoldingProxy,
    browser: Chromium,
    tablet: Device,
    app: App,
}

impl Held {
    async fn at_work() -> Result<Self> {
        let server = ServerProcess::with_demo(HOMES).await?;
        let wire = HoldingProxy::start(server.port()).await?;
        let browser = Chromium::launch_new().await?;
        let tablet = browser.device().await?;
        let app = at_work(&tablet, &wire.url(), MANAGER).await?;
        Ok(Self {
            server,
            wire,
            browser,
            tablet,
            app,
        })
    }

    async fn receipts(&self) -> Result<i64> {
        self.server.db_number("select count(*) from receipts").await
    }

    /// How often the turns' rows were written since the beginning.
    async fn turn_writes(&self) -> Result<i64> {
        self.server.db_number("select count(*) from audit_logs where table_name = 'turns'").await
    }

    async fn wait_saved_once(&self, property: &str, stage: &str) -> Result<()> {
        self.app.wait_for_status("All changes saved").await?;
        self.app.wait_for_card(property, stage).await?;
        let (receipts, writes) = (self.receipts().await?, self.turn_writes().await?);
        ensure!((receipts, writes) == (1, 1), "{receipts} receipts, {writes} writes");
        Ok(())
    }
}

fn problem(status: u16, body: &'static str, is_carried_out: bool) -> Instead {
    Instead { status, body, is_carried_out }
}

#[tokio::test]
async fn a_fault_of_the_server_is_no_delivery_and_the_queue_goes_on_by_itself() -> Result<()> {
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
async fn a_refusal_of_the_request_drops_nothing() -> Result<()> {
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
async fn a_session_that_ended_keeps_the_queue_until_its_user_signs_in() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;

    // Meanwhile the office resets her password.
    let office = Api::login(&held.server.url(), ADMIN).await?;
    let id = office.account_id(MANAGER).await?;
    let (status, answer) = office.post(&format!("/api/admin/users/{id}/reset-password"), &json!({})).await?;
    ensure!(status == 200, "{status} {answer}");
    let password = answer["oneTimePassword"].as_str().unwrap_or_default().to_owned();

    held.tablet.set_offline(false).await?;
    held.app.wait_for_status("Sign in to send 1 change").await?;
    // Everything is still there to look at.
    held.app.wait_for_card(&property, "Inspection").await?;
    held.app.sign_in_again(&password, "a-new-and-long-password-9").await?;
    held.wait_saved_once(&property, "Inspection").await
}

#[tokio::test]
async fn what_was_done_to_a_home_that_was_given_away_waits_for_a_supervisor() -> Result<()> {
    let held = Held::at_work().await?;
    let property = held.app.first_card("Draft").await?;
    held.tablet.set_offline(true).await?;
    held.app.move_to(&property, "Inspection").await?;
    held.app.wait_for_status("Offline · 1 change waiting").await?;

    // Meanwhile somebody else has the home.
    let office = Api::login(&held.server.url(), ADMIN).await?;
    let home = office.row("properties", "name", &property).await?;
    let version: i64 = home["version"].as_str().unwrap_or_default().parse()?;
    let given = json!({
        "operation": "update", "writeId": tests::api::new_write_id(), "propertyId": home["id"], "version": version,
        "data": { "property_manager_id": office.account_id(SECOND_MANAGER).await? },
    });
    office.write_applied("properties", &given).await?;
    held.tablet.set_offline(false).await?;
    held.app.wait_for_status("1 change is with a supervisor").await?;
    held.app.card(&property).wait_gone().await?;

    let supervisor = at_work(&held.browser.another_device().await?, &held.server.url(), ADMIN).await?;
    supervisor.page().named("link", "Held changes").click().await?;
    let change = supervisor.page().role("article").name_containing(&format!("Move {property} to Inspection"));
    change.role_inside("button").name("Adopt").click().await?;
    supervisor
        .page()
        .wait_for("document.body.textContent.includes('No change waits for you')", "an empty docket")
        .await?;
    supervisor.page().assert_no_errors()?;

    held.app.page().named("link", "Sync").click().await?;
    held.app.page().named("button", "Retry now").click().await?;
    held.app.wait_for_status("All changes saved").await?;
    supervisor.visit("/board").await?;
    supervisor.wait_for_card(&property, "Inspection").await
}

#[tokio::test]
async fn a_poisoned_write_holds_up_nobody() -> Result<()> {
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
    tests::eventually("everything but the poisoned one", async || {
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
async fn a_resync_leaves_what_was_not_sent_as_it_is() -> Result<()> {
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
    tests::eventually("the turns to come again", async || {
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
        let (one, other) = tokio::try_join!(held.app.page().eval(&script), second.page().eval(&script))?;
        moves += one.as_i64().unwrap_or_default() + other.as_i64().unwrap_or_default();
        // The browser may take the worker away at any time; taps wake it again.
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
async fn what_an_older_app_left_is_sent_and_what_nobody_understands_is_kept() -> Result<()> {
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
    tests::eventually("its receipt", async || {
        ensure!(held.receipts().await? == 1);
        Ok(())
    })
    .await?;
    app.page().named("link", "Sync").click().await?;
    app.page().named("region", "Not understood").wait_text("made by a newer version of Turns").await
}
