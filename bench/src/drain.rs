//! How fast, and in how many requests, five hundred waiting writes reach the server; and the same where one in a hundred can
//! never be stored.

use crate::{
    report::{Report, median},
    screen,
};
use anyhow::{Result, ensure};
use std::time::Instant;
use tests::{App, Device, HoldingProxy, ServerProcess, eventually};

const WRITES: usize = 500;
/// One in a hundred.
const POISONED: usize = WRITES / 100;
/// What cannot be stored must not cost the others more than a tenth of their time.
const LEAST_PERCENT: f64 = 90.0;
const PATH: &str = "/api/write/batch";
/// What the screen says when nothing waits.
const SAVED: &str = "All changes saved";

/// What there is to drain with.
pub struct Bench<'a> {
    pub server: &'a ServerProcess,
    pub wire: &'a HoldingProxy,
    pub tablet: &'a Device,
    pub app: &'a App,
}

/// One drain differs from the next by a tenth and more: of both kinds the median of so many counts, taken in turns.
const ROUNDS: usize = 5;

/// From the signal's return until the server has every receipt, and until the device knows it.
pub async fn measure(report: &mut Report, bench: &Bench<'_>) -> Result<()> {
    let requests = bench.wire.requests_of(PATH);
    let (mut clean_seconds, mut saved_seconds, mut poisoned_seconds) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        bench.make_wait("Inspection").await?;
        let begin = bench.give_signal().await?;
        clean_seconds.push(bench.receive(WRITES, begin).await?);
        bench.app.wait_for_status(SAVED).await?;
        saved_seconds.push(begin.at.elapsed().as_secs_f64());
        if round == 0 {
            report.add(format!("drain {WRITES} writes: requests"), (bench.wire.requests_of(PATH) - requests) as f64, "");
        }
        bench.make_wait("Draft").await?;
        bench.poison().await?;
        let begin = bench.give_signal().await?;
        poisoned_seconds.push(bench.receive(WRITES - POISONED, begin).await?);
        bench.server.db("drop trigger trap").await?;
        bench.app.wait_for_status(SAVED).await?;
    }
    eprintln!("Clean {clean_seconds:.2?} s, poisoned {poisoned_seconds:.2?} s");
    let (clean_seconds, poisoned_seconds) = (median(clean_seconds), median(poisoned_seconds));
    report.add(format!("drain {WRITES} writes: signal → all receipts stored"), clean_seconds, "s");
    report.add(format!("drain {WRITES} writes: signal → “{SAVED}”"), median(saved_seconds), "s");
    let rate = |writes: usize, seconds: f64| writes as f64 / seconds;
    report.add_with_goal(
        format!("drain with {POISONED} of {WRITES} poisoned: rate of the others, of the clean rate"),
        100.0 * rate(WRITES - POISONED, poisoned_seconds) / rate(WRITES, clean_seconds),
        "%",
        LEAST_PERCENT,
    );
    Ok(())
}

/// The rows that the device's waiting writes are about.
const WAITING_ROWS: &str = r"
new Promise((resolve, reject) => {
    const opening = indexedDB.open('turns');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
        const all = opening.result.transaction('outbox').objectStore('outbox').getAll();
        all.onsuccess = () => { opening.result.close(); resolve(all.result.sort((a, b) => a.seq - b.seq).map(record => record.rowId)); };
    };
})";

/// When the signal came back, and how many receipts there were then.
#[derive(Clone, Copy)]
struct Begin {
    at: Instant,
    receipts: i64,
}

impl Bench<'_> {
    async fn make_wait(&self, stage: &str) -> Result<()> {
        self.tablet.set_offline(true).await?;
        eprintln!("Making {WRITES} writes wait …");
        screen::move_many(self.app, WRITES, stage).await?;
        self.app.wait_for_status(&format!("Offline · {WRITES} changes waiting")).await
    }

    /// The database refuses every hundredth of the waiting writes, as often as it is asked.
    async fn poison(&self) -> Result<()> {
        let waiting = self.app.page().eval(WAITING_ROWS).await?;
        let rows = waiting
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row.as_str())
            .step_by(WRITES / POISONED);
        let rows: Vec<String> = rows.map(|row| format!("'{row}'")).collect();
        ensure!(rows.len() == POISONED, "{} rows wait", rows.len());
        let trap = format!(
            "create trigger trap before update of stage_id on turns when new.id in ({}) begin select raise(abort, 'trap'); end",
            rows.join(", ")
        );
        self.server.db(&trap).await.map(drop)
    }

    async fn give_signal(&self) -> Result<Begin> {
        let receipts = self.receipts().await?;
        eprintln!("Draining …");
        let at = Instant::now();
        self.tablet.set_offline(false).await?;
        Ok(Begin { at, receipts })
    }

    /// The seconds until the server has so many receipts more.
    async fn receive(&self, count: usize, begin: Begin) -> Result<f64> {
        let expected = begin.receipts + count as i64;
        eventually("every receipt", async || {
            let there = self.receipts().await?;
            ensure!(there == expected, "{there} of {expected} receipts");
            Ok(())
        })
        .await?;
        Ok(begin.at.elapsed().as_secs_f64())
    }

    async fn receipts(&self) -> Result<i64> {
        self.server.db_number("select count(*) from receipts").await
    }
}
