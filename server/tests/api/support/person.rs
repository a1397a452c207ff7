//! Somebody who is signed in.

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

#[derive(Clone)]
pub struct Person {
    pub url: String,
    pub id: String,
    pub token: String,
    pub http: Client,
}

/// An answer that has been read.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub text: String,
    pub json: Json,
}

/// One page of a shape.
#[derive(Clone, Debug)]
pub struct ShapePage {
    pub status: StatusCode,
    pub handle: String,
    pub offset: String,
    pub is_up_to_date: bool,
    pub headers: BTreeMap<String, String>,
    pub messages: Vec<Json>,
}

impl Person {
    /// By cookie, as a browser does.
    pub async fn sign_in(url: &str, email: &str) -> Self {
        Self::sign_in_with(url, email, "turns-demo").await
    }

    pub async fn sign_in_with(url: &str, email: &str, password: &str) -> Self {
        let http = Client::builder().cookie_store(true).build().unwrap();
        let answer = send(http.post(format!("{url}/api/auth/login")).json(&json!({"email": email, "password": password}))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let text = |json: &Json| json.as_str().unwrap().to_owned();
        Self {
            url: url.to_owned(),
            id: text(&answer.json["user"]["id"]),
            token: text(&answer.json["token"]),
            http,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.http.get(format!("{}{path}", self.url))).await
    }

    pub async fn post(&self, path: &str, body: &Json) -> Answer {
        send(self.http.post(format!("{}{path}", self.url)).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Json) -> Answer {
        send(self.http.put(format!("{}{path}", self.url)).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Json) -> Answer {
        send(self.http.patch(format!("{}{path}", self.url)).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.http.delete(format!("{}{path}", self.url))).await
    }

    pub async fn write(&self, table: &str, write: Json) -> Answer {
        self.post(&format!("/api/write/{table}"), &write).await
    }

    pub async fn batch(&self, is_atomic: bool, operations: Vec<Json>) -> Answer {
        self.post("/api/write/batch", &json!({"operations": operations, "atomic": is_atomic})).await
    }

    /// `table` may be narrowed: `turns?where=…`.
    pub async fn shape(&self, table: &str, query: &str) -> ShapePage {
        self.try_shape(table, query).await.unwrap()
    }

    /// The same, where the connection may be cut.
    pub async fn try_shape(&self, table: &str, query: &str) -> reqwest::Result<ShapePage> {
        let joint = if table.contains('?') { '&' } else { '?' };
        let response = self.http.get(format!("{}/api/sync/{table}{joint}{query}", self.url)).send().await?;
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let status = response.status();
        let (handle, offset) = (header("electric-handle").unwrap_or_default(), header("electric-offset").unwrap_or_default());
        let is_up_to_date = header("electric-up-to-date").is_some();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let messages = serde_json::from_str(&response.text().await?).unwrap_or_default();
        Ok(ShapePage {
            status,
            handle,
            offset,
            is_up_to_date,
            headers,
            messages,
        })
    }

    /// Goes on from a page.
    pub async fn follow(&self, table: &str, page: &ShapePage) -> ShapePage {
        self.shape(table, &format!("offset={}&handle={}", page.offset, page.handle)).await
    }

    /// Waits for news from a page on.
    pub async fn wait(&self, table: &str, page: &ShapePage) -> ShapePage {
        self.shape(table, &format!("offset={}&handle={}&live=true", page.offset, page.handle)).await
    }

    /// Follows until up to date; gives every page.
    pub async fn pages(&self, table: &str, from: &str) -> Vec<ShapePage> {
        let mut pages = vec![self.shape(table, from).await];
        while !pages[pages.len() - 1].is_up_to_date {
            let page = self.follow(table, &pages[pages.len() - 1]).await;
            assert_eq!(page.status, 200);
            pages.push(page);
        }
        pages
    }

    /// All rows of a shape as it stands, by id, and where to go on.
    pub async fn rows(&self, table: &str) -> (BTreeMap<String, Map<String, Json>>, ShapePage) {
        let pages = self.pages(table, "offset=-1").await;
        let mut rows = BTreeMap::new();
        for page in &pages {
            page.apply_to(&mut rows);
        }
        (rows, pages.into_iter().next_back().unwrap())
    }

    /// A home in which no turn is under way.
    pub async fn home_without_turn(&self) -> Map<String, Json> {
        let (homes, turns) = (self.rows("properties").await.0, self.rows("turns").await.0);
        let is_free = |home: &Map<String, Json>| turns.values().all(|turn| turn["property_id"] != home["id"]);
        homes.into_values().find(is_free).unwrap()
    }

    /// The first row of a shape.
    pub async fn first(&self, table: &str) -> Map<String, Json> {
        self.rows(table).await.0.into_values().next().unwrap()
    }
}

impl Answer {
    pub fn problem(&self) -> &str {
        self.json["error"]["type"].as_str().unwrap_or_default()
    }
}

impl ShapePage {
    /// The changes, without control messages.
    pub fn changes(&self) -> Vec<&Json> {
        self.messages.iter().filter(|message| message["headers"]["operation"].is_string()).collect()
    }

    /// The operations, in order.
    pub fn operations(&self) -> Vec<&str> {
        self.changes().iter().map(|message| message["headers"]["operation"].as_str().unwrap()).collect()
    }

    /// Applies the page's changes, strictly: an insert must be new, an update and a delete must find their row.
    pub fn apply_to(&self, rows: &mut BTreeMap<String, Map<String, Json>>) {
        for message in self.changes() {
            let value = message["value"].as_object().unwrap().clone();
            let id = value["id"].as_str().unwrap().to_owned();
            match message["headers"]["operation"].as_str().unwrap() {
                "insert" => assert!(rows.insert(id, value).is_none(), "inserted twice: {message}"),
                "update" => rows.get_mut(&id).unwrap_or_else(|| panic!("not there: {message}")).extend(value),
                _ => assert!(rows.remove(&id).is_some(), "not there: {message}"),
            }
        }
    }
}

/// Sends and reads.
pub async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    Answer {
        status,
        json: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}
