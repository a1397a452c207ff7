//! A caller of the server's HTTP interface: the other side of a story, the office or another program.
//!
//! **Invariant:** it speaks as the documentation says, with a token and plain JSON, and shares no type with the app.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::server::DEMO_PASSWORD;

/// A signed-in caller.
#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    base: String,
    token: String,
    /// The account, as the server describes it.
    pub user: Value,
}

impl Api {
    /// Signs a demo account in.
    pub async fn login(base: &str, email: &str) -> Result<Self> {
        let client = reqwest::Client::new();
        let credentials = json!({ "email": email, "password": DEMO_PASSWORD });
        let answer = client.post(format!("{base}/api/auth/login")).json(&credentials).send().await?;
        let status = answer.status();
        let mut body: Value = answer.json().await?;
        ensure!(status.is_success(), "{email} could not sign in: {status} {body}");
        let token = body["token"].as_str().context("the answer to a sign-in has no token")?.to_owned();
        Ok(Self {
            client,
            base: base.to_owned(),
            token,
            user: body["user"].take(),
        })
    }

    /// What proves who is calling, for a caller of another make.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Every row of a shape that this account may see.
    pub async fn rows(&self, table: &str) -> Result<Vec<Map<String, Value>>> {
        let mut rows = BTreeMap::new();
        let mut query = "offset=-1".to_owned();
        loop {
            let answer = self.request(Method::GET, &format!("/api/sync/{table}?{query}")).send().await?;
            ensure!(answer.status().is_success(), "the shape {table} answers {}", answer.status());
            let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            let complete = answer.headers().contains_key("electric-up-to-date");
            query = format!("offset={}&handle={}", header("electric-offset"), header("electric-handle"));
            for message in answer.json::<Vec<Value>>().await? {
                take_in(&mut rows, message);
            }
            if complete {
                return Ok(rows.into_values().collect());
            }
        }
    }

    /// The one row of a shape whose column has this value.
    pub async fn row(&self, table: &str, column: &str, value: &str) -> Result<Map<String, Value>> {
        let rows = self.rows(table).await?;
        rows.into_iter()
            .find(|row| row.get(column).is_some_and(|found| found == value))
            .with_context(|| format!("no row of {table} has {column} = {value}"))
    }

    /// The id of a person's account, as an administrator finds it.
    pub async fn account_id(&self, email: &str) -> Result<String> {
        let (_, answer) = self.get("/api/admin/users").await?;
        let accounts = answer["users"].as_array().into_iter().flatten();
        let id = accounts
            .into_iter()
            .find(|account| account["email"] == email)
            .and_then(|account| account["id"].as_str());
        id.map(str::to_owned).with_context(|| format!("no account of {email} in {answer}"))
    }

    /// Posts a write and hands back its status and answer, whatever it is.
    pub async fn write(&self, table: &str, write: &Value) -> Result<(StatusCode, Value)> {
        self.post(&format!("/api/write/{table}"), write).await
    }

    /// Posts a write that must be applied; the answer is its receipt.
    pub async fn write_applied(&self, table: &str, write: &Value) -> Result<Value> {
        match self.write(table, write).await? {
            (status, answer) if status.is_success() && answer["success"] == true => Ok(answer),
            (status, answer) => bail!("the write {write} was answered {status} {answer}"),
        }
    }

    /// Posts JSON to any path.
    pub async fn post(&self, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
        let answer = self.request(Method::POST, path).json(body).send().await?;
        Ok((answer.status(), answer.json().await.unwrap_or_default()))
    }

    /// Gets JSON from any path.
    pub async fn get(&self, path: &str) -> Result<(StatusCode, Value)> {
        let answer = self.request(Method::GET, path).send().await?;
        Ok((answer.status(), answer.json().await.unwrap_or_default()))
    }

    /// A request with this account's token, to be completed.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }
}

/// A new idempotency key.
pub fn new_write_id() -> String {
    uuid::Uuid::new_v7(uuid::Timestamp::now(uuid::NoContext)).to_string()
}

/// Lays one message of a shape's log over the rows so far.
fn take_in(rows: &mut BTreeMap<String, Map<String, Value>>, mut message: Value) {
    let key = message["key"].as_str().unwrap_or_default().to_owned();
    let Value::Object(value) = message["value"].take() else { return };
    match message["headers"]["operation"].as_str() {
        Some("insert" | "update") => rows.entry(key).or_default().extend(value),
        Some("delete") => drop(rows.remove(&key)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_becomes_rows() {
        let mut rows = BTreeMap::new();
        for (operation, id, value) in [("insert", "1", "a"), ("insert", "2", "b"), ("update", "1", "c"), ("delete", "2", "")] {
            take_in(&mut rows, json!({ "key": id, "value": { "x": value }, "headers": { "operation": operation } }));
        }
        take_in(&mut rows, json!({ "headers": { "control": "up-to-date" } }));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows["1"]["x"], "c");
    }
}
