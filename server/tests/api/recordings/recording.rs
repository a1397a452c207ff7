//! A recorded exchange: the file that holds it, read.

use std::{collections::BTreeMap, fs, path::PathBuf};

/// What was asked, what was written to the database meanwhile, and what was answered.
#[derive(Clone, Debug)]
pub struct Recording {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub asked: Headers,
    /// What a `POST` sent.
    pub sent: String,
    /// Whether the server that was recorded wanted a secret.
    pub wants_secret: bool,
    /// Before the request.
    pub sql_before: Option<String>,
    /// While it waited, one after the other.
    pub sql_during: Vec<String>,
    pub answer: Answer,
}

/// Names in lower case.
pub type Headers = BTreeMap<String, String>;

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    /// None where the recording leaves something out of it.
    pub body: Option<String>,
}

impl Recording {
    pub fn of(name: &str) -> Self {
        let text = fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap();
        let (notes, exchange) = text.split_once("--- request ---\n").unwrap_or_else(|| panic!("{name} is no exchange"));
        let (request, response) = exchange.split_once("--- response ---\n").unwrap();
        let (line, asked, sent) = message(request);
        let mut words = line.split(' ').map(str::to_owned);
        let noted = |start: &'static str| notes.lines().filter_map(move |line| line.strip_prefix(start));
        let during = noted("#   after ").map(|line| line.split_once(" in flight: ").unwrap().1.to_owned());
        Self {
            method: words.next().unwrap(),
            target: words.next().unwrap(),
            asked,
            sent: sent.to_owned(),
            wants_secret: notes.contains("ELECTRIC_SECRET="),
            sql_before: noted("# SQL just before: ").next().map(str::to_owned),
            sql_during: during.collect(),
            answer: answer(response),
        }
    }

    pub fn is_stream(&self) -> bool {
        self.answer.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream")
    }
}

/// The names of all, in order.
pub fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|name| name.strip_suffix(".txt").map(str::to_owned)).collect();
    names.sort();
    names
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/recordings")
}

fn answer(response: &str) -> Answer {
    let (line, headers, body) = message(response);
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let is_whole = !body.contains("[recorder: body cut here");
    Answer {
        status,
        headers,
        body: is_whole.then(|| body.to_owned()),
    }
}

/// First line, headers and body.
fn message(text: &str) -> (&str, Headers, &str) {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let headers = headers.lines().filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    (line, headers.collect(), body.trim())
}
