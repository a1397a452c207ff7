//! The server that is measured, and who writes to it.

use super::{
    connection::{Connection, Target},
    follower::MARK,
};
use crate::{ADMIN, server::memory};
use anyhow::{Context, Result, ensure};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tests::{Api, ServerOptions, ServerProcess};
use uuid::Uuid;

/// What whole tables are opened with.
const SECRET: &str = "a secret of the bench alone";

/// A server with many turns.
pub struct Office {
    server: ServerProcess,
    http: reqwest::Client,
    pub target: Target,
    pub process: u32,
    /// Turns under way, which everybody sees and nobody but the bench changes.
    pub turns: Vec<String>,
    versions: Vec<Mutex<i64>>,
    last_write: AtomicUsize,
}

/// Somebody who writes.
pub struct Writer<'a> {
    office: &'a Office,
    connection: Connection,
}

/// A write that has been answered.
pub struct Written {
    pub number: usize,
    at: Instant,
}

impl Office {
    /// With so many homes, two in five of which are being turned, and so many turns of years gone by.
    pub async fn open(homes: u32, past_turns: u32) -> Result<Self> {
        eprintln!("Starting a server with {homes} homes and {past_turns} past turns …");
        let options = ServerOptions {
            demo: homes,
            past_turns: Some(past_turns),
            env: vec![("UPSTREAM_SECRET".to_owned(), SECRET.to_owned()), ("LOG".to_owned(), "warn".to_owned())],
        };
        let mut server = ServerProcess::start(options).await?;
        // What making the demo has left behind is not the shapes'.
        server.restart().await?;
        let admin = Api::login(&server.url(), ADMIN).await?;
        let rows = admin.rows("turns").await?;
        let text = |row: &serde_json::Map<String, serde_json::Value>, column: &str| row[column].as_str().map(str::to_owned);
        let turns: Vec<String> = rows.iter().filter_map(|row| text(row, "id")).collect();
        let versions = rows.iter().filter_map(|row| text(row, "version")?.parse().ok()).map(Mutex::new).collect();
        ensure!(!turns.is_empty(), "the demo has no turns");
        Ok(Self {
            target: Target {
                port: server.port(),
                authorization: format!("Bearer {}", admin.token()).into(),
            },
            process: server.process_id(),
            http: reqwest::Client::new(),
            server,
            turns,
            versions,
            last_write: AtomicUsize::new(0),
        })
    }

    /// The beginning of a request for a whole table, finished turns and all.
    pub fn whole(&self, table: &str, further: &str) -> String {
        format!("/v1/shape?table={table}&secret={}&{further}", SECRET.replace(' ', "%20"))
    }

    /// The ids of the homes.
    pub async fn homes(&self) -> Result<Vec<String>> {
        let rows = self.server.db("SELECT property_id FROM turns GROUP BY property_id").await?;
        Ok(rows.iter().filter_map(|row| row["property_id"].as_str().map(str::to_owned)).collect())
    }

    /// Waits until so many live requests wait.
    pub async fn until_waiting(&self, clients: usize) -> Result<()> {
        let waiting = format!("turns_live_listeners{{kind=\"request\"}} {clients}");
        let wait = async {
            loop {
                let figures = self.http.get(format!("{}/metrics", self.server.url())).send().await?.text().await?;
                if figures.lines().any(|line| line == waiting) {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.context("not everybody waits")?
    }

    pub async fn writer(&self) -> Result<Writer<'_>> {
        Ok(Writer {
            office: self,
            connection: Connection::open(&self.target).await?,
        })
    }

    /// What the server has used of the processors.
    pub fn cpu_seconds(&self) -> Result<f64> {
        memory::cpu_seconds(self.process)
    }
}

impl Writer<'_> {
    /// Changes one of the turns, which nobody else changes at the same time.
    pub async fn write(&mut self, turn: usize) -> Result<Written> {
        let number = self.office.last_write.fetch_add(1, Ordering::Relaxed) + 1;
        let body = {
            let mut version = self.office.versions[turn].lock().unwrap_or_else(PoisonError::into_inner);
            let body = format!(
                r#"{{"operation":"update","writeId":"{}","rowId":"{}","version":{version},"data":{{"notes":"{MARK}{number}"}}}}"#,
                new_write_id(),
                self.office.turns[turn]
            );
            *version += 1;
            body
        };
        self.connection.write("/api/write/turns", body).await?;
        Ok(Written { number, at: Instant::now() })
    }
}

impl Written {
    /// From the moment in which the writer knew of the commit, in milliseconds; less than nothing where somebody else knew before.
    pub fn until(&self, at: Instant) -> f64 {
        match at.checked_duration_since(self.at) {
            Some(after) => after.as_secs_f64() * 1_000.0,
            None => -(self.at - at).as_secs_f64() * 1_000.0,
        }
    }
}

/// As devices make them: later ones are greater.
#[expect(clippy::disallowed_methods, reason = "this is an edge")]
fn new_write_id() -> Uuid {
    Uuid::now_v7()
}
