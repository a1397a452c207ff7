//! The screen's own clock and hands: what is done a hundred times is done inside the page, by its own buttons.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::App;

/// Moves one turn by its menu's buttons. Resolves when the card stands in its new column, with the time of the click in milliseconds
/// since 1970.
const MOVE: &str = r"
async (name, stage) => {
    const frame = () => new Promise(requestAnimationFrame);
    const card = () => [...document.querySelectorAll('article')].find(card => card.getAttribute('aria-label') === name);
    const column = () => card()?.closest('section')?.getAttribute('aria-label');
    card().querySelector('.move-button').click();
    let item;
    while (!(item = document.querySelector(`[role=menuitem][aria-label='${stage}']`))) await frame();
    const at = performance.timeOrigin + performance.now();
    item.click();
    while (column() !== stage) await frame();
    return at;
}";

/// Moves a turn; the moment of the click, in milliseconds since 1970.
pub async fn move_turn(app: &App, name: &str, stage: &str) -> Result<f64> {
    let at = app.page().eval(&format!("({MOVE})({}, {})", json!(name), json!(stage))).await?;
    at.as_f64().with_context(|| format!("moving {name} to {stage}: {at}"))
}

/// So many moves in one call: the browser's debugger has no patience.
const MOVES_AT_ONCE: usize = 25;

/// Moves so many turns that do not stand in `stage` there.
pub async fn move_many(app: &App, count: usize, stage: &str) -> Result<()> {
    let mut left = count;
    while left > 0 {
        let moved = move_some(app, left.min(MOVES_AT_ONCE), stage).await?;
        ensure!(moved > 0, "only {} of {count} turns could be moved", count - left);
        left -= moved;
    }
    Ok(())
}

async fn move_some(app: &App, count: usize, stage: &str) -> Result<usize> {
    let script = format!(
        "(async () => {{
            const move = {MOVE};
            const elsewhere = [...document.querySelectorAll('article')].filter(card => card.closest('section').getAttribute('aria-label') !== {stage});
            const names = elsewhere.slice(0, {count}).map(card => card.getAttribute('aria-label'));
            for (const name of names) await move(name, {stage});
            return names.length;
        }})()",
        stage = json!(stage),
    );
    let moved = app.page().eval(&script).await?;
    moved
        .as_u64()
        .map(|moved| moved as usize)
        .with_context(|| format!("moving turns to {stage}: {moved}"))
}

/// Begins to collect the app's own measurements (User Timing).
pub async fn collect_measurements(app: &App) -> Result<()> {
    let script = "void (() => {
        window.measured = [];
        new PerformanceObserver(list => window.measured.push(...list.getEntries())).observe({ entryTypes: ['measure'] });
    })()";
    app.page().eval(script).await.map(drop)
}

/// The collected durations of this name, in milliseconds, in the order of their taps.
pub async fn measurements(app: &App, name: &str) -> Result<Vec<f64>> {
    // An observer hears of entries a little later.
    let script = format!(
        "new Promise(resolve => setTimeout(() => resolve(window.measured.filter(entry => entry.name === {}).map(entry => entry.duration)), 200))",
        json!(name)
    );
    let durations = app.page().eval(&script).await?;
    Ok(durations.as_array().into_iter().flatten().filter_map(Value::as_f64).collect())
}
