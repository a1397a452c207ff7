//! Asking our server what was asked of Electric.

use super::{
    Address,
    canonical::events,
    names::Names,
    ours,
    recording::{Answer, Recording},
    written,
};
use crate::support::{TestApp, figures, value};
use domain::Table;
use reqwest::{Client, RequestBuilder, Response, Url};
use serde_json::Value as Json;
use std::collections::BTreeMap;

pub const SECRET: &str = "s3cret";

/// One server, and what its names are to the recordings.
pub struct Asking {
    pub app: TestApp,
    pub address: Address,
    pub names: Names,
    /// With the session of somebody who sees everything.
    pub http: Client,
}

impl Asking {
    /// The table that a recording is about.
    pub fn table(recording: &Recording) -> Table {
        let parameters = parameters(recording);
        let name = parameters.get("table").map_or("", |name| name.trim_start_matches("public."));
        ours::table(&name.to_lowercase()).unwrap_or(Table::Properties)
    }

    /// The answer to the same request; what was written while it waited is written once it waits.
    pub async fn ask(&self, recording: &Recording) -> Answer {
        let request = self.request(recording, &BTreeMap::new());
        if recording.is_stream() {
            return self.listen(recording, request).await;
        }
        if recording.sql_during.is_empty() {
            return answer(request.send().await.unwrap()).await;
        }
        while self.listeners().await > 0.0 {
            tokio::task::yield_now().await;
        }
        let asked = tokio::spawn(async { answer(request.send().await.unwrap()).await });
        while self.listeners().await < 1.0 && !asked.is_finished() {
            tokio::task::yield_now().await;
        }
        for sql in &recording.sql_during {
            written::write(&self.app.db(), sql).await;
        }
        asked.await.unwrap()
    }

    /// All pages from a recorded request on, as far as the log goes, or only the first.
    pub async fn follow(&self, recording: &Recording, is_to_the_end: bool) -> Vec<Answer> {
        let mut pages = vec![self.ask(recording).await];
        loop {
            let last = &pages[pages.len() - 1].headers;
            if !is_to_the_end || last.contains_key("electric-up-to-date") {
                return pages;
            }
            let next = ["handle", "offset"].map(|name| (name.to_owned(), last[&format!("electric-{name}")].clone()));
            pages.push(answer(self.request(recording, &next.into()).send().await.unwrap()).await);
        }
    }

    /// A stream is read until it has brought as many messages as were recorded.
    async fn listen(&self, recording: &Recording, request: RequestBuilder) -> Answer {
        let recorded: Vec<Json> = serde_json::from_str(&events(recording.answer.body.as_ref().unwrap())).unwrap();
        let mut stream = request.send().await.unwrap();
        let mut answered = head(&stream);
        let mut text = String::new();
        let mut expected = 0;
        for (index, sql) in recording.sql_during.iter().enumerate() {
            written::write(&self.app.db(), sql).await;
            let mut ends = recorded.iter().enumerate().filter(|(_, message)| message["headers"]["control"] == "up-to-date");
            expected = ends.nth(index).map_or(expected, |(at, _)| at + 1);
            while text.matches("data: ").count() < expected || !text.ends_with("\n\n") {
                text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
            }
        }
        answered.body = Some(text);
        answered
    }

    fn request(&self, recording: &Recording, instead: &BTreeMap<String, String>) -> RequestBuilder {
        let table = Self::table(recording);
        let mut url = self.url(recording);
        let parameters = parameters(recording);
        let handle = parameters.get("handle").map_or("", String::as_str);
        {
            let mut query = url.query_pairs_mut();
            for (name, value) in &parameters {
                let ours = match (name.as_str(), self.address) {
                    ("table", Address::People) => continue,
                    ("table", Address::Programs) => self::table_name(value),
                    ("handle", _) => self.names.handle(value),
                    ("offset", _) => self.names.place(handle, value),
                    ("where" | "columns" | "subset__where" | "subset__order_by", _) => ours::sql(table, value),
                    _ => value.clone(),
                };
                if !instead.contains_key(name) {
                    query.append_pair(name, &ours);
                }
            }
            query.extend_pairs(instead);
            if self.address == Address::Programs && !recording.wants_secret {
                query.append_pair("secret", SECRET);
            }
        }
        let mut request = self.http.request(recording.method.parse().unwrap(), url);
        if let Some(etag) = recording.asked.get("if-none-match") {
            request = request.header("if-none-match", self.names.etag(etag));
        }
        if recording.method == "POST" {
            request = request.header("content-type", "application/json").body(body(table, &recording.sent));
        }
        request
    }

    fn url(&self, recording: &Recording) -> Url {
        let path = match self.address {
            Address::Programs => "/v1/shape".to_owned(),
            Address::People => format!("/api/sync/{}", Self::table(recording).url_name()),
        };
        Url::parse(&format!("{}{path}", self.app.url())).unwrap()
    }

    /// How many wait, as the figures say themselves.
    async fn listeners(&self) -> f64 {
        value(&figures(&self.app).await, "turns_live_listeners{kind=\"request\"}").unwrap_or(0.0)
    }
}

/// The query, by name.
fn parameters(recording: &Recording) -> BTreeMap<String, String> {
    let url = Url::parse(&format!("http://electric{}", recording.target)).unwrap();
    url.query_pairs().into_owned().collect()
}

fn table_name(recorded: &str) -> String {
    ours::table(recorded).map_or_else(|| recorded.to_owned(), |table| table.sql_name().to_owned())
}

/// A recorded body over our columns.
fn body(table: Table, sent: &str) -> String {
    let Ok(mut body) = serde_json::from_str::<Json>(sent) else {
        return sent.to_owned();
    };
    let asked = if body.get("subset").is_some() { &mut body["subset"] } else { &mut body };
    for name in ["where", "order_by"] {
        if let Some(Json::String(text)) = asked.get_mut(name) {
            *text = ours::sql(table, text);
        }
    }
    body.to_string()
}

fn head(response: &Response) -> Answer {
    let headers = response.headers().iter();
    Answer {
        status: response.status().as_u16(),
        headers: headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect(),
        body: None,
    }
}

async fn answer(response: Response) -> Answer {
    let mut answer = head(&response);
    answer.body = Some(response.text().await.unwrap());
    answer
}
