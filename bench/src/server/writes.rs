//! Durable writes: one by one from many callers, and in batches of a hundred.
//!
//! Each caller edits rows of its own, as people do who walk different homes. Afterwards the database is asked whether every
//! acknowledged write is there.

use crate::{ADMIN, report::Report};
use anyhow::{Context, Result, ensure};
use reqwest::Client;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tests::{Api, ServerProcess};
use uuid::Uuid;

const FOR: Duration = Duration::from_secs(8);
const SINGLE_CALLERS: usize = 64;
const BATCH_CALLERS: usize = 8;
const WRITES_PER_BATCH: usize = 100;

/// Measures both.
pub async fn measure(report: &mut Report, server: &ServerProcess) -> Result<()> {
    let office = Arc::new(Office::open(server).await?);
    let before = receipts(server).await?;

    eprintln!("{SINGLE_CALLERS} callers write one by one …");
    let (singles, took, latencies) = run(&office, SINGLE_CALLERS, 1).await?;
    report.add(
        format!("durable single writes, {SINGLE_CALLERS} callers on the same machine"),
        singles as f64 / took.as_secs_f64(),
        "/s",
    );
    report.add_samples("one durable write, from request to answer", latencies, "ms");

    eprintln!("{BATCH_CALLERS} callers write in batches …");
    let (batched, took, latencies) = run(&office, BATCH_CALLERS, WRITES_PER_BATCH).await?;
    report.add(
        format!("operations in batches of {WRITES_PER_BATCH}, {BATCH_CALLERS} callers on the same machine"),
        batched as f64 / took.as_secs_f64(),
        "/s",
    );
    report.add_samples("one batch, from request to answer", latencies, "ms");

    let kept = receipts(server).await? - before;
    ensure!(
        kept == (singles + batched) as i64,
        "{kept} receipts for {} acknowledged writes",
        singles + batched
    );
    Ok(())
}

/// As devices make them: later ones are greater.
#[expect(clippy::disallowed_methods, reason = "this is an edge")]
fn new_write_id() -> Uuid {
    Uuid::now_v7()
}

struct Office {
    client: Client,
    url: String,
    token: String,
    /// Scope items that nobody else writes.
    items: Vec<String>,
}

impl Office {
    async fn open(server: &ServerProcess) -> Result<Self> {
        let admin = Api::login(&server.url(), ADMIN).await?;
        let items = admin.rows("scope-items").await?;
        let id = |item: &serde_json::Map<String, serde_json::Value>| item["id"].as_str().map(str::to_owned);
        Ok(Self {
            client: Client::new(),
            url: format!("{}/api/write/batch", server.url()),
            token: admin.token().to_owned(),
            items: items.iter().filter_map(id).collect(),
        })
    }

    /// Sends one request with the next edit of each of these items.
    async fn send(&self, items: &[String], version: i64) -> Result<()> {
        let edit = |item: &String| {
            let write_id = new_write_id();
            format!(
                r#"{{"table":"scope-items","operation":"update","writeId":"{write_id}","rowId":"{item}","version":{version},"data":{{"is_done":{},"position":{version}}}}}"#,
                version % 2 == 0
            )
        };
        let body = format!(r#"{{"atomic":false,"operations":[{}]}}"#, items.iter().map(edit).collect::<Vec<_>>().join(","));
        let request = self.client.post(&self.url).bearer_auth(&self.token).header("content-type", "application/json");
        let answer = request.body(body).send().await?.text().await?;
        let applied = answer.matches(r#""status":200"#).count();
        ensure!(applied == items.len(), "{applied} of {} writes were applied: {answer:.600}", items.len());
        Ok(())
    }
}

/// So many callers at once, each with so many writes per request; gives writes, time and each request's latency in ms.
async fn run(office: &Arc<Office>, callers: usize, per_request: usize) -> Result<(usize, Duration, Vec<f64>)> {
    let begin = Instant::now();
    // The second run finds the rows where the first left them.
    let share = office.items.len() / 2 / callers;
    let from = if per_request == 1 { 0 } else { office.items.len() / 2 };
    ensure!(share >= per_request, "{} scope items are too few", office.items.len());
    let tasks = (0..callers).map(|caller| {
        let office = Arc::clone(office);
        let mine = office.items[from + caller * share..from + (caller + 1) * share].to_vec();
        tokio::spawn(async move { call(&office, &mine, per_request, begin).await })
    });
    let mut latencies = vec![];
    for task in tasks.collect::<Vec<_>>() {
        latencies.extend(task.await.context("a caller")??);
    }
    Ok((latencies.len() * per_request, begin.elapsed(), latencies))
}

async fn call(office: &Office, mine: &[String], per_request: usize, begin: Instant) -> Result<Vec<f64>> {
    let mut latencies = vec![];
    for version in 1.. {
        for items in mine.chunks_exact(per_request) {
            if begin.elapsed() > FOR {
                return Ok(latencies);
            }
            let sent = Instant::now();
            office.send(items, version).await?;
            latencies.push(sent.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    Ok(latencies)
}

async fn receipts(server: &ServerProcess) -> Result<i64> {
    server.db_number("select count(*) from receipts").await
}
