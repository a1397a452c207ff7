//! The log, on standard error: for people, or with `LOG_FORMAT=json` one JSON object per line for machines.
//!
//! **Invariant:** both forms carry the same fields; a request's lines have its `request_id`.

use crate::config::{LogFormat, Settings};
use std::io::IsTerminal;

/// Begins to log; once per process.
pub fn start(settings: &Settings) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(&settings.log)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match settings.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).with_span_list(false).init(),
    }
}
