//! Exchanges with real Electric 1.7.12, as they were recorded.

use std::{collections::BTreeMap, path::Path};

pub struct Recording {
    pub query: BTreeMap<String, String>,
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    head: String,
}

impl Recording {
    pub fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(format!("{name}.txt"));
        let text = std::fs::read_to_string(path).unwrap();
        let (_, exchange) = text.split_once("--- request ---\n").unwrap();
        let (request, response) = exchange.split_once("--- response ---\n").unwrap();
        let (head, body) = response.split_once("\n\n").unwrap();
        let target = request.split(' ').nth(1).unwrap();
        let url: reqwest::Url = format!("http://electric{target}").parse().unwrap();
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            query: url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            status: head.split(' ').nth(1).unwrap().trim().get(..3).unwrap().parse().unwrap(),
            headers: head.lines().skip(1).filter_map(header).collect(),
            // The file ends each body with a line of its own.
            body: body.strip_suffix('\n').unwrap_or(body).to_owned(),
            head: head.to_owned(),
        }
    }

    /// As it came over the connection.
    pub fn bytes(&self) -> Vec<u8> {
        let head = self.head.replace('\n', "\r\n");
        let is_chunked = self.headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
        let body = if is_chunked && !self.is_framed() {
            format!("{:X}\r\n{}\r\n0\r\n\r\n", self.body.len(), self.body)
        } else {
            self.body.clone()
        };
        format!("{head}\r\n\r\n{body}").into_bytes()
    }

    /// The body as a client reads it.
    pub fn content(&self) -> &str {
        if self.is_framed() {
            self.body.split("\r\n").nth(1).unwrap()
        } else {
            &self.body
        }
    }

    /// Recorded with its framing.
    fn is_framed(&self) -> bool {
        self.body.ends_with("\r\n0\r\n\r\n")
    }
}
