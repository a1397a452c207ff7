//! Writes that wait for a supervisor: read, adopted and refused on the server, with a network or not at all.

use super::{Answer, Http, to_body, unreachable};
use domain::{RowId, WriteId};
use gloo_net::http::Request;
use protocol::{Problem, WireWrite};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

const LIMIT_MS: i64 = 20_000;

/// What waits for the signed-in supervisor.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Docket {
    /// The oldest first.
    pub writes: Vec<HeldWrite>,
    /// Whether more wait behind these.
    pub more: bool,
}

/// A write that waits for a supervisor.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldWrite {
    /// To decide it by.
    pub write_id: WriteId,
    /// Who made it; nobody that is known any more.
    pub author: Option<Person>,
    /// URL name of the table.
    pub table: String,
    /// Which row.
    pub row_id: RowId,
    /// The write as it came.
    pub write: WireWrite,
    /// Why it was not applied.
    pub reason: String,
    /// The row as its author saw it.
    pub base: Option<Map<String, Json>>,
    /// The row as it stands; for a create the one that it would belong to.
    pub row: Option<Map<String, Json>>,
}

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// As it stands on the screen.
    pub name: String,
}

impl Http {
    /// `GET /api/quarantine`
    pub async fn held_writes(&self) -> Result<Docket, Problem> {
        let answer = self.ask(Request::get("/api/quarantine"), None, LIMIT_MS).await.map_err(|_| unreachable())?;
        self.good(&answer)?;
        answer.json().ok_or_else(unreachable)
    }

    /// `POST /api/quarantine/{id}/adopt`; `version` says which version of the row was looked at.
    pub async fn adopt(&self, id: WriteId, version: Option<i64>) -> Result<(), Problem> {
        let body = to_body(&version.map_or_else(|| json!({}), |version| json!({ "version": version })));
        self.decide(&format!("/api/quarantine/{id}/adopt"), body).await
    }

    /// `POST /api/quarantine/{id}/refuse`
    pub async fn refuse(&self, id: WriteId, reason: &str) -> Result<(), Problem> {
        self.decide(&format!("/api/quarantine/{id}/refuse"), to_body(&json!({ "reason": reason })))
            .await
    }

    async fn decide(&self, path: &str, body: Option<String>) -> Result<(), Problem> {
        let answer = self.ask(Request::post(path), body, LIMIT_MS).await.map_err(|_| unreachable())?;
        self.good(&answer)
    }

    fn good(&self, answer: &Answer) -> Result<(), Problem> {
        match answer.problem() {
            Some(problem) => Err(problem),
            None if answer.status == 200 => Ok(()),
            None => {
                self.not_ours();
                Err(unreachable())
            }
        }
    }
}
