//! `cargo xtask bench sync`: a hundred thousand rows come to a new device. How long that takes, how long the page ever fails to answer a finger
//! meanwhile, and how much memory the tab has then.

use crate::{ADMIN, report::Report, the_loop::rows_seen_by_admin};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::{App, Chromium, Page, ServerProcess};

/// So many properties make about a hundred thousand rows on an administrator's device.
const PROPERTIES: u32 = 26_000;

/// From here on the page notes its long tasks (50 ms and more), and the moment of the first card.
const WATCH: &str = r"
(() => {
    window.watched = { tasks: [], begin: performance.now(), board: null };
    new PerformanceObserver(list => list.getEntries().forEach(task => watched.tasks.push([task.startTime, task.duration])))
        .observe({ type: 'longtask' });
    new MutationObserver(() => { watched.board ??= document.querySelector('article') && performance.now(); })
        .observe(document.body, { childList: true, subtree: true });
    return true;
})()";

/// See the module.
pub async fn measure() -> Result<()> {
    eprintln!("Starting a server with {PROPERTIES} properties …");
    let server = ServerProcess::with_demo(PROPERTIES).await?;
    let browser = Chromium::launch_new().await?;
    let app = App::open_at(&browser.device().await?, &server.url(), "/login").await?;
    let page = app.page();
    page.named("textbox", "Email").wait().await?;
    page.eval(WATCH).await?;
    eprintln!("First sync …");
    app.enter(ADMIN).await?;
    app.wait_for_status("All changes saved").await?;

    let mut report = Report::default();
    report.add("rows on the device", rows_seen_by_admin(&server).await? as f64, "");
    let watched = page.eval("watched").await?;
    let moment = |name: &str| watched[name].as_f64().with_context(|| format!("{name}: {watched}"));
    let (begin, board) = (moment("begin")?, moment("board")?);
    report.add("sign-in → board", (board - begin) / 1_000.0, "s");
    let tasks = watched["tasks"].as_array().context("no long tasks were watched")?;
    // The task that paints the board began before its first card was there.
    let ends_before_board = |task: &&Value| task[0].as_f64().zip(task[1].as_f64()).is_some_and(|(begin, ms)| begin + ms < board);
    let (streaming, painting): (Vec<&Value>, Vec<&Value>) = tasks.iter().partition(ends_before_board);
    for (when, tasks) in [("while rows stream in", streaming), ("as the board is painted", painting)] {
        let longest = tasks.iter().filter_map(|task| task[1].as_f64()).fold(0.0, f64::max);
        report.add(format!("tasks over 50 ms, {when}"), tasks.len() as f64, "");
        report.add(format!("the longest task over 50 ms, {when}"), longest, "ms");
    }
    for (what, megabytes) in memory(page).await? {
        report.add(what, megabytes, "MB");
    }
    report.print();
    report.save("sync")
}

/// What the tab has after everything that nobody needs has gone: JavaScript's objects, and WebAssembly's memory, which its heap does not count.
async fn memory(page: &Page) -> Result<[(&'static str, f64); 2]> {
    page.call("HeapProfiler.collectGarbage", json!({})).await?;
    let usage = page.call("Runtime.getHeapUsage", json!({})).await?;
    let bytes = |name: &str| usage[name].as_f64().with_context(|| format!("{usage}"));
    let objects = bytes("usedSize")? + bytes("embedderHeapUsedSize")?;
    Ok([
        ("memory of the tab: objects", objects / 1e6),
        ("memory of the tab: WebAssembly", wasm_bytes(page).await? / 1e6),
    ])
}

async fn wasm_bytes(page: &Page) -> Result<f64> {
    let prototype = page.call("Runtime.evaluate", json!({ "expression": "WebAssembly.Memory.prototype" })).await?;
    let found = json!({ "prototypeObjectId": prototype["result"]["objectId"] });
    let memories = page.call("Runtime.queryObjects", found).await?;
    let sum = json!({
        "objectId": memories["objects"]["objectId"], "returnByValue": true,
        "functionDeclaration": "function() { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }",
    });
    let bytes = page.call("Runtime.callFunctionOn", sum).await?;
    let bytes = bytes["result"]["value"].as_f64().filter(|bytes| *bytes > 0.0);
    bytes.context("the app's memory was not found")
}
