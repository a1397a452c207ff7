//! A client for Chromium's DevTools protocol: calls with answers, and events, over one WebSocket.
//!
//! By hand, because the ready-made client hung in most runs, and this is all that is needed of it.
//!
//! **Invariant:** a call ends: with its answer, with the protocol's error, or after a deadline that names the method.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

/// The longest that any single call may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// Something that Chromium tells unasked.
#[derive(Clone, Debug)]
pub struct Event {
    /// Which page or worker; none for the browser itself.
    pub session: Option<String>,
    /// For example `Runtime.consoleAPICalled`.
    pub method: String,
    /// As the protocol describes it for the method.
    pub params: Value,
}

/// A connection to one browser.
pub struct Cdp {
    outgoing: mpsc::UnboundedSender<Message>,
    next_id: AtomicU64,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    pending: Mutex<HashMap<u64, oneshot::Sender<Result<Value>>>>,
    listeners: Mutex<Vec<mpsc::UnboundedSender<Event>>>,
}

impl Cdp {
    /// Connects to the address that Chromium printed.
    pub async fn connect(url: &str) -> Result<Arc<Self>> {
        let (socket, _) = tokio_tungstenite::connect_async(url).await.context("connecting to Chromium")?;
        let (mut sink, mut stream) = socket.split();
        let (outgoing, mut to_send) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::default());
        tokio::spawn(async move {
            while let Some(message) = to_send.recv().await {
                if sink.send(message).await.is_err() {
                    return;
                }
            }
        });
        let reader = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if let Message::Text(text) = message {
                    reader.receive(text.as_str());
                }
            }
            // The browser is gone: whoever waits shall know it now and not at the deadline.
            lock(&reader.pending).clear();
            lock(&reader.listeners).clear();
        });
        Ok(Arc::new(Self {
            outgoing,
            next_id: AtomicU64::new(1),
            shared,
        }))
    }

    /// Calls a method of a session, or of the browser itself.
    pub async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        self.call_within(DEADLINE, session, method, params).await
    }

    /// As [`Cdp::call`], with another deadline.
    pub async fn call_within(&self, deadline: Duration, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        lock(&self.shared.pending).insert(id, answer);
        self.post(id, session, method, params)?;
        match tokio::time::timeout(deadline, answered).await {
            Ok(Ok(result)) => result.with_context(|| method.to_owned()),
            Ok(Err(_)) => bail!("Chromium ended during {method}"),
            Err(_) => {
                lock(&self.shared.pending).remove(&id);
                bail!("Chromium did not answer {method} within {} s", deadline.as_secs())
            }
        }
    }

    /// Calls a method whose answer nobody waits for. Chromium carries calls out in the order that they were made.
    pub fn send(&self, session: Option<&str>, method: &str, params: Value) {
        // A connection that is closed has no answer to miss.
        self.post(self.next_id.fetch_add(1, Ordering::Relaxed), session, method, params).ok();
    }

    fn post(&self, id: u64, session: Option<&str>, method: &str, params: Value) -> Result<()> {
        let mut request = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            request["sessionId"] = session.into();
        }
        self.outgoing
            .send(Message::text(request.to_string()))
            .map_err(|_| anyhow!("the connection to Chromium is closed"))
    }

    /// Every event from now on. It ends with the connection.
    pub fn events(&self) -> mpsc::UnboundedReceiver<Event> {
        let (sender, receiver) = mpsc::unbounded_channel();
        lock(&self.shared.listeners).push(sender);
        receiver
    }
}

impl Shared {
    fn receive(&self, text: &str) {
        let Ok(mut message) = serde_json::from_str::<Value>(text) else { return };
        let Some(id) = message["id"].as_u64() else {
            let session = message["sessionId"].as_str().map(str::to_owned);
            let method = message["method"].as_str().unwrap_or_default().to_owned();
            let event = Event {
                session,
                method,
                params: message["params"].take(),
            };
            lock(&self.listeners).retain(|listener| listener.send(event.clone()).is_ok());
            return;
        };
        let Some(answer) = lock(&self.pending).remove(&id) else { return };
        let result = match message.get("error") {
            Some(error) => Err(anyhow!("{}", error["message"].as_str().unwrap_or("an error without a message"))),
            None => Ok(message["result"].take()),
        };
        // Nobody waits any more for an answer that came after its deadline.
        answer.send(result).ok();
    }
}

/// A lock whose other holder panicked still holds good data here: whole values are put in and taken out.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
