//! What a page or worker has printed and thrown.
//!
//! **Invariant:** nothing is dropped: a story that fails shows all of it.

use std::fmt;

use serde_json::Value;

use crate::cdp::Event;

/// The lines, in the order that they came.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    lines: Vec<Line>,
}

/// One line of the console, or one exception.
#[derive(Clone, Debug)]
pub struct Line {
    /// `log`, `warning`, `error`, …; `exception` for one that nobody caught.
    pub level: String,
    /// What it says.
    pub text: String,
}

impl Journal {
    /// Takes up an event if it is one of these.
    pub(crate) fn note(&mut self, event: &Event) {
        let params = &event.params;
        let (level, text) = match event.method.as_str() {
            "Runtime.consoleAPICalled" => (params["type"].as_str(), arguments(&params["args"])),
            "Runtime.exceptionThrown" => (Some("exception"), exception(&params["exceptionDetails"])),
            "Page.javascriptDialogOpening" => (Some("dialog"), params["message"].as_str().unwrap_or_default().to_owned()),
            "Log.entryAdded" => (params["entry"]["level"].as_str(), entry(&params["entry"])),
            _ => return,
        };
        self.lines.push(Line {
            level: level.unwrap_or("log").to_owned(),
            text,
        });
    }

    /// All lines.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Exceptions and errors, but not the browser's own words about requests that failed: without a signal they do.
    pub fn errors(&self) -> Vec<&Line> {
        let is_error = |line: &&Line| matches!(line.level.as_str(), "error" | "exception" | "assert");
        self.lines
            .iter()
            .filter(is_error)
            .filter(|line| !line.text.starts_with("Failed to load resource"))
            .collect()
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(formatter, "  [{}] {}", line.level, line.text))
    }
}

fn arguments(args: &Value) -> String {
    let one = |argument: &Value| match (&argument["value"], argument["description"].as_str()) {
        (Value::String(text), _) => text.clone(),
        (Value::Null, Some(description)) => description.to_owned(),
        (value, _) => value.to_string(),
    };
    args.as_array().into_iter().flatten().map(one).collect::<Vec<_>>().join(" ")
}

/// The message with its stack, as the protocol puts it.
pub(crate) fn exception(details: &Value) -> String {
    let description = details["exception"]["description"].as_str();
    description
        .or_else(|| details["text"].as_str())
        .unwrap_or("an exception without a text")
        .to_owned()
}

fn entry(entry: &Value) -> String {
    let text = entry["text"].as_str().unwrap_or_default();
    match entry["url"].as_str() {
        Some(url) => format!("{text} ({url})"),
        None => text.to_owned(),
    }
}
