//! The wire between browser and server, held in the hand: passed on, cut, or stopped at the worst moment.
//!
//! The moments that lose or double a write are those where one side knows more than the other: the server has
//! committed and the answer is lost, or the request never came. Here they can be brought about at will.
//!
//! **Invariant:** when [`Held::wait`] returns, the server has begun to answer, so the write is committed, and not a
//! byte of the answer has reached the browser.

mod connection;
mod http;

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::cdp::lock;

/// A proxy at a fixed address in front of a server.
pub struct HoldingProxy {
    port: u16,
    wire: Arc<Wire>,
    task: JoinHandle<()>,
}

/// A catch that has been laid out, and the way to see it close.
pub struct Held {
    happened: oneshot::Receiver<()>,
    wire: Arc<Wire>,
}

/// What the connections share.
pub(crate) struct Wire {
    /// Port of the server on the loopback address.
    pub server: u16,
    /// Every connection watches it: false cuts them all.
    pub open: watch::Sender<bool>,
    catch: Mutex<Option<Catch>>,
    /// Paths of all requests, in the order that they came.
    seen: Mutex<Vec<String>>,
}

/// Waits for one request.
pub(crate) struct Catch {
    path: String,
    /// What is done with it.
    pub moment: Moment,
    /// Tells the story.
    pub happened: oneshot::Sender<()>,
}

/// Where a caught request is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the server has seen it.
    Request,
    /// After the server has carried it out, before the browser knows.
    Answer,
}

impl HoldingProxy {
    /// Starts to pass on to the server at this port, at an address of its own.
    pub async fn start(server_port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let wire = Arc::new(Wire {
            server: server_port,
            open: watch::Sender::new(true),
            catch: Mutex::default(),
            seen: Mutex::default(),
        });
        let shared = Arc::clone(&wire);
        let task = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let wire = Arc::clone(&shared);
                // A connection that breaks is what this proxy is for; the browser sees it and that is enough.
                tokio::spawn(async move { connection::serve(browser, &wire).await.ok() });
            }
        });
        Ok(Self { port, wire, task })
    }

    /// The address for the browser, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Passes everything on (again).
    pub fn pass(&self) {
        lock(&self.wire.catch).take();
        self.wire.open.send_replace(true);
    }

    /// Cuts every connection, streams too, and refuses new ones, as when the server is down.
    pub fn refuse(&self) {
        self.wire.open.send_replace(false);
    }

    /// The next request whose path begins so reaches the server and is carried out; its answer is withheld.
    pub fn hold_answer_of(&self, path: &str) -> Held {
        self.lay_out(path, Moment::Answer)
    }

    /// The next request whose path begins so does not reach the server: the wire breaks, and stays broken until
    /// [`HoldingProxy::pass`].
    pub fn lose_request_of(&self, path: &str) -> Held {
        self.lay_out(path, Moment::Request)
    }

    /// How many requests with such a path have come so far.
    pub fn requests_of(&self, path: &str) -> usize {
        lock(&self.wire.seen).iter().filter(|seen| seen.starts_with(path)).count()
    }

    fn lay_out(&self, path: &str, moment: Moment) -> Held {
        let (happened, receiver) = oneshot::channel();
        *lock(&self.wire.catch) = Some(Catch {
            path: path.to_owned(),
            moment,
            happened,
        });
        Held {
            happened: receiver,
            wire: Arc::clone(&self.wire),
        }
    }
}

impl Drop for HoldingProxy {
    fn drop(&mut self) {
        self.refuse();
        self.task.abort();
    }
}

impl Held {
    /// Waits until it has happened.
    pub async fn wait(&mut self) -> Result<()> {
        let happened = tokio::time::timeout(crate::wait::PATIENCE, &mut self.happened).await;
        happened
            .context("no such request came")?
            .context("the proxy was told to pass before such a request came")
    }

    /// Breaks the wire, so that the browser never gets the answer. It stays broken until [`HoldingProxy::pass`]:
    /// browsers send a request again by themselves when a connection that they had used before breaks.
    pub fn lose(self) {
        self.wire.open.send_replace(false);
    }
}

impl Wire {
    /// Notes a request and hands over the catch that it runs into, if it does; that one is used up.
    pub fn caught(&self, path: &str) -> Option<Catch> {
        lock(&self.seen).push(path.to_owned());
        lock(&self.catch).take_if(|catch| path.starts_with(&catch.path))
    }
}
