//! The doorbell: one connection that rings when tables have news.
//!
//! **Invariant:** whatever was missed while the connection was away is asked for when it is back.

use crate::{
    clock::BrowserClock,
    http::{Confirmation, Http},
    scope::{self, Listener, Nudge},
};
use domain::{Table, UserId};
use futures::{StreamExt, channel::mpsc};
use protocol::News;
use sync::{Clock, outbox::backoff::pause_ms};
use web_sys::{EventSource, MessageEvent};

const ADDRESS: &str = "/api/sync/live";
/// Without a network nothing is tried before the browser says that it is back, or this is over: browsers err.
const OFFLINE_PAUSE_MS: i64 = 30_000;
/// One broken connection is a lift or a tunnel; only the second in a row is worth a word.
const FAULTS_BEFORE_LOST: u32 = 2;

/// What the doorbell has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ring {
    /// It is connected (again): every table may have news.
    Connected,
    /// These tables have news.
    Tables(Vec<Table>),
    /// These rang a while ago, and what they brought then may not have been all.
    Again(Vec<Table>),
    /// It is not connected, and keeps trying.
    Lost,
    /// The server does not know this user's session any more.
    SessionEnded,
}

/// Listens until the session ends; drop the future to stop. `nudge` cuts pauses short.
pub async fn listen(http: &Http, user: UserId, nudge: &Nudge, ring: impl Fn(Ring)) {
    let mut faults = 0;
    loop {
        if !scope::is_online() {
            ring(Ring::Lost);
            nudge.pause(OFFLINE_PAUSE_MS).await;
            continue;
        }
        if hear(&ring).await {
            faults = 0;
        }
        faults += 1;
        match http.session().await {
            Confirmation::SignedIn(answer) if answer.user.id == user => {}
            Confirmation::SignedIn(_) | Confirmation::SignedOut => return ring(Ring::SessionEnded),
            Confirmation::Unknown => faults = faults.max(FAULTS_BEFORE_LOST),
        }
        if faults >= FAULTS_BEFORE_LOST {
            ring(Ring::Lost);
        }
        nudge.pause(pause_ms(faults, BrowserClock.jitter())).await;
    }
}

/// One connection, until it breaks; says whether it ever rang.
async fn hear(ring: &impl Fn(Ring)) -> bool {
    let Some((_source, mut heard)) = connect() else { return false };
    let mut has_rung = false;
    while let Some(Some(heard)) = heard.next().await {
        // The first names every table.
        ring(if has_rung { heard } else { Ring::Connected });
        has_rung = true;
    }
    has_rung
}

/// Closed when it is dropped: the browser's own reconnecting knows no patience and hides why.
struct Source {
    raw: EventSource,
    _listeners: [Listener; 3],
}

impl Drop for Source {
    fn drop(&mut self) {
        self.raw.close();
    }
}

/// Rings as they come; `None` is the end.
fn connect() -> Option<(Source, mpsc::UnboundedReceiver<Option<Ring>>)> {
    let raw = EventSource::new(ADDRESS).ok()?;
    let (tell, heard) = mpsc::unbounded();
    let broke = tell.clone();
    let on_event = |name: &'static str, ring: fn(Vec<Table>) -> Ring| {
        let tell = tell.clone();
        Listener::new(&raw, name, move |event| {
            if let Some(tables) = read(&event) {
                let _ = tell.unbounded_send(Some(ring(tables)));
            }
        })
    };
    let (on_news, on_again) = (on_event("news", Ring::Tables), on_event("again", Ring::Again));
    let on_error = Listener::new(&raw, "error", move |_| {
        let _ = broke.unbounded_send(None);
    });
    Some((
        Source {
            raw,
            _listeners: [on_news, on_again, on_error],
        },
        heard,
    ))
}

fn read(event: &web_sys::Event) -> Option<Vec<Table>> {
    use wasm_bindgen::JsCast;
    let news: News = serde_json::from_str(&event.dyn_ref::<MessageEvent>()?.data().as_string()?).ok()?;
    Some(news.tables.iter().filter_map(|name| Table::from_name(name)).collect())
}
