//! A stream of events that is read beside whatever else is done.
//!
//! **Invariant:** each event once, in order; after the last comes none.

use reqwest::Client;
use serde_json::Value as Json;
use tokio::{sync::mpsc, task::JoinHandle};

pub struct Events {
    messages: mpsc::UnboundedReceiver<Json>,
    reading: JoinHandle<()>,
}

impl Events {
    /// Opens a stream; status and handle where it is refused.
    pub async fn open(http: &Client, url: &str) -> Result<Self, (u16, String)> {
        let mut response = http.get(url).send().await.unwrap();
        if response.status() != 200 {
            let handle = response.headers().get("electric-handle").map(|handle| handle.to_str().unwrap().to_owned());
            return Err((response.status().as_u16(), handle.unwrap_or_default()));
        }
        let (sender, messages) = mpsc::unbounded_channel();
        let reading = tokio::spawn(async move {
            let mut bytes = vec![];
            // A stream that is cut is one that ends.
            while let Ok(Some(chunk)) = response.chunk().await {
                bytes.extend_from_slice(&chunk);
                while let Some(end) = bytes.windows(2).position(|two| two == b"\n\n") {
                    let event: Vec<u8> = bytes.drain(..end + 2).collect();
                    let Some(data) = std::str::from_utf8(&event).unwrap().strip_prefix("data: ") else {
                        continue;
                    };
                    if sender.send(serde_json::from_str(data).unwrap()).is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Self { messages, reading })
    }

    /// The next message; none at the end.
    pub async fn next(&mut self) -> Option<Json> {
        self.messages.recv().await
    }

    /// Whether there is a message, or the end.
    pub fn has_some(&mut self) -> bool {
        !self.messages.is_empty() || self.messages.is_closed()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.reading.abort();
    }
}
