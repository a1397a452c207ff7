//! The wire between browser and server, held in the hand: passed on, cut, or stopped at the worst moment.
//!
//! The moments that lose or double a write are those where one side knows more than the other: the server has
//! committed and the answer is lost, or the request never came. Here they can be brought about at will.
//!
//! **Invariant:** when [`Held::wait`] returns, the server has begun to answer, so the write is committed, and not a
//! byte of the answer has reached the browser.

mod connection;
mod http;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::cdp::lock;

/// How much later than the browser's next request we may see that it has closed a connection, on a busy machine.
const NOTICED_LATE: Duration = Duration::from_millis(200);

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
    /// What is answered instead of the server's files, by path.
    stand_ins: Mutex<HashMap<String, Arc<str>>>,
    /// All requests, in the order that they came.
    seen: Mutex<Vec<Seen>>,
}

/// A request that came by.
pub(crate) struct Seen {
    method: String,
    path: String,
    body_bytes: usize,
    came: Instant,
    /// When its answer was complete, or its connection ended; none while it is under way.
    ended: Option<Instant>,
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
    /// The browser is told something else, whether the server has seen the request or not.
    Instead(Instead),
}

/// What the browser is told instead of the server's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instead {
    /// The status line's code.
    pub status: u16,
    /// JSON as our server's where it begins with a brace; else some proxy's page.
    pub body: &'static str,
    /// Whether the server carries the request out all the same.
    pub is_carried_out: bool,
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
            stand_ins: Mutex::default(),
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

    /// The next request whose path begins so is answered with something else.
    pub fn answer_instead(&self, path: &str, instead: Instead) -> Held {
        self.lay_out(path, Moment::Instead(instead))
    }

    /// From now on a script at exactly this path is another one than the server's: a newer version of it.
    pub fn replace_script(&self, path: &str, script: &str) {
        lock(&self.wire.stand_ins).insert(path.to_owned(), script.into());
    }

    /// How many requests with such a path have come so far.
    pub fn requests_of(&self, path: &str) -> usize {
        lock(&self.wire.seen).iter().filter(|seen| seen.path.starts_with(path)).count()
    }

    /// Method and path of all requests with such a path so far, in their order.
    pub fn seen_of(&self, path: &str) -> Vec<String> {
        let seen = lock(&self.wire.seen);
        let of_path = seen.iter().filter(|seen| seen.path.starts_with(path));
        of_path.map(|seen| format!("{} {}", seen.method, seen.path)).collect()
    }

    /// How many bytes the bodies of such requests had, all together.
    pub fn bytes_of(&self, path: &str) -> usize {
        let seen = lock(&self.wire.seen);
        seen.iter().filter(|seen| seen.path.starts_with(path)).map(|seen| seen.body_bytes).sum()
    }

    /// The paths of requests that were under way together, where they were the most of those whose path begins so.
    pub fn most_at_once_of(&self, path: &str) -> Vec<String> {
        let seen = lock(&self.wire.seen);
        let of_path = || seen.iter().filter(|seen| seen.path.starts_with(path));
        // They were the most when the last of them came.
        let together = of_path().map(|last| {
            let is_under_way = |other: &&Seen| other.came <= last.came && other.ended.is_none_or(|ended| ended > last.came);
            of_path().filter(is_under_way).map(|seen| seen.path.clone()).collect::<Vec<_>>()
        });
        together.max_by_key(Vec::len).unwrap_or_default()
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
    /// Notes a request; it is under way until what is given back is dropped.
    pub fn note(self: &Arc<Self>, method: &str, path: &str, body_bytes: usize) -> UnderWay {
        let mut seen = lock(&self.seen);
        seen.push(Seen {
            method: method.to_owned(),
            path: path.to_owned(),
            body_bytes,
            came: Instant::now(),
            ended: None,
        });
        UnderWay {
            wire: Arc::clone(self),
            index: seen.len() - 1,
            ended_before: Duration::ZERO,
        }
    }

    /// The script that stands in for the server's.
    pub fn stand_in(&self, path: &str) -> Option<Arc<str>> {
        lock(&self.stand_ins).get(path).cloned()
    }

    /// Hands over the catch that a request runs into, if it does; that one is used up.
    pub fn caught(&self, path: &str) -> Option<Catch> {
        lock(&self.catch).take_if(|catch| path.starts_with(&catch.path))
    }
}

/// A request that is under way.
pub(crate) struct UnderWay {
    wire: Arc<Wire>,
    index: usize,
    /// It ended so long before we knew.
    ended_before: Duration,
}

impl UnderWay {
    /// The browser has given it up: it may have sent the next one on another connection before we saw this one close.
    pub fn was_given_up(&mut self) {
        self.ended_before = NOTICED_LATE;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(seen) = lock(&self.wire.seen).get_mut(self.index) {
            seen.ended = Instant::now().checked_sub(self.ended_before);
        }
    }
}
