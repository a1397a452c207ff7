//! Waiting for something to become true, with a deadline.
//!
//! **Invariant:** nothing in the harness waits for ever, and what was waited for is named when it does not come.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How long a story waits for what it expects. Generous: two browsers share a small machine, and only failures pay for it.
pub const PATIENCE: Duration = Duration::from_secs(15);

const BETWEEN_TRIES: Duration = Duration::from_millis(40);

/// Tries again until `attempt` hands something back; its last error says why it did not.
pub async fn eventually<T>(what: &str, attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    eventually_within(PATIENCE, what, attempt).await
}

/// As [`eventually`], with another deadline.
pub async fn eventually_within<T>(patience: Duration, what: &str, mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() >= deadline => return Err(error).with_context(|| format!("waited {} s for {what}", patience.as_secs())),
            Err(_) => tokio::time::sleep(BETWEEN_TRIES).await,
        }
    }
}
