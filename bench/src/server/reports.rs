//! The office's reports over many years of turns: the dashboard's time, and what an export of everything costs.

use super::memory;
use crate::{ADMIN, report::Report};
use anyhow::{Result, ensure};
use reqwest::{Client, Response};
use std::time::Instant;
use tests::{Api, ServerOptions, ServerProcess};

/// Homes in the demo; two in five of them are being turned.
const PROPERTIES: u32 = 10_000;
const OPEN_TURNS: u32 = PROPERTIES * 2 / 5;
const DASHBOARD_TURNS: u32 = 100_000;
const EXPORT_TURNS: u32 = 200_000;
const DASHBOARDS: usize = 40;
const MIB: f64 = 1_048_576.0;

/// Measures both.
pub async fn measure(report: &mut Report) -> Result<()> {
    dashboard(report).await?;
    exports(report).await
}

async fn office(turns: u32) -> Result<ServerProcess> {
    eprintln!("Starting a server with {turns} turns …");
    let options = ServerOptions {
        demo: PROPERTIES,
        past_turns: Some(turns - OPEN_TURNS),
        ..ServerOptions::default()
    };
    let server = ServerProcess::start(options).await?;
    let there = server.db_number("select count(*) from turns").await?;
    ensure!(there == i64::from(turns), "the demo has {there} turns");
    Ok(server)
}

async fn dashboard(report: &mut Report) -> Result<()> {
    let server = office(DASHBOARD_TURNS).await?;
    let admin = Api::login(&server.url(), ADMIN).await?;
    let mut milliseconds = vec![];
    for _ in 0..DASHBOARDS {
        let asked = Instant::now();
        let answer = get(&server, &admin, "/api/reports/dashboard").await?.text().await?;
        milliseconds.push(asked.elapsed().as_secs_f64() * 1_000.0);
        ensure!(answer.contains("totalProperties"), "this is no dashboard: {answer:.200}");
    }
    report.add_samples(&format!("dashboard at {DASHBOARD_TURNS} turns"), milliseconds, "ms");
    Ok(())
}

async fn exports(report: &mut Report) -> Result<()> {
    let mut server = office(EXPORT_TURNS).await?;
    for format in ["csv", "excel", "pdf"] {
        // What making the demo has left behind is not the export's.
        server.restart().await?;
        let admin = Api::login(&server.url(), ADMIN).await?;
        get(&server, &admin, "/api/reports/export?type=vendors&format=csv").await?.bytes().await?;
        let (before, begin) = (memory::begin(server.process_id())?, Instant::now());
        let mut answer = get(&server, &admin, &format!("/api/reports/export?type=turns&format={format}")).await?;
        let (mut bytes, mut lines) = (0, 0);
        while let Some(chunk) = answer.chunk().await? {
            bytes += chunk.len();
            lines += chunk.iter().filter(|byte| **byte == b'\n').count();
        }
        ensure!(format != "csv" || lines > EXPORT_TURNS as usize, "the export has {lines} lines");
        report.add(format!("{format} of {EXPORT_TURNS} turns, all of it"), begin.elapsed().as_secs_f64(), "s");
        report.add(format!("{format} of {EXPORT_TURNS} turns, size"), bytes as f64 / MIB, "MiB");
        let more = memory::peak(server.process_id())?.saturating_sub(before);
        report.add(format!("{format} of {EXPORT_TURNS} turns, memory above rest"), more as f64 / MIB, "MiB");
    }
    Ok(())
}

async fn get(server: &ServerProcess, person: &Api, path: &str) -> Result<Response> {
    let request = Client::new().get(format!("{}{path}", server.url())).bearer_auth(person.token());
    Ok(request.send().await?.error_for_status()?)
}
