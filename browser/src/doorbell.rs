//! The doorbell: one connection that rings when tables have news.
//!
//! The server says something every fifteen seconds, if only that it is there. Silence tells two things that a browser tells late or
//! never: that the connection is dead, and that the tablet has slept. Of all that could tell of a sleep this was chosen because it
//! takes no clock's word for it and misses none: `visibilitychange` comes for a locked tablet and not for a closed
//! laptop, `online` only where the network was noticed to go. These two let us look at the silence at once.
//!
//! **Invariant:** whatever was missed while the connection was away is asked for when it is back.

use crate::{
    clock::{self, BrowserClock},
    http::{Confirmation, Http},
    scope::{self, Listener, Nudge},
};
use domain::{Table, UserId};
use futures::{
    StreamExt,
    channel::mpsc,
    future::{Either, select},
};
use protocol::News;
use std::pin::pin;
use sync::{Clock, outbox::backoff::pause_ms, shape_stream::Silence};
use web_sys::{EventSource, MessageEvent};

const ADDRESS: &str = "/api/sync/live";
/// Without a network nothing is tried before the browser says that it is back, or this is over: browsers err.
const OFFLINE_PAUSE_MS: i64 = 30_000;
/// One broken connection is a lift or a tunnel; only the second in a row is worth a word.
const FAULTS_BEFORE_LOST: u32 = 2;
/// How often the silence is looked at. A tablet that wakes up is noticed after this; a hidden tab's timers may be slower.
const LOOK_EVERY_MS: i64 = 5_000;

/// What the doorbell has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ring {
    /// It is connected (again): every table may have news.
    Connected {
        /// After a silence so long that whatever else is asked went over connections that are dead as well.
        was_silent: bool,
    },
    /// It is silent for so long: the tablet has slept, or the network has gone without a word.
    Silent,
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
    let mut silence = Silence::since(clock::moment());
    loop {
        if !scope::is_online() {
            ring(Ring::Lost);
            nudge.pause(OFFLINE_PAUSE_MS).await;
            continue;
        }
        if hear(&mut silence, nudge, &ring).await {
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

/// One connection, until it breaks or is silent for too long; says whether it ever rang.
async fn hear(silence: &mut Silence, nudge: &Nudge, ring: &impl Fn(Ring)) -> bool {
    let Some((_source, mut heard)) = connect() else { return false };
    let mut has_rung = false;
    // Of this connection: one that is only being made is given as long.
    let mut quiet = Silence::since(clock::moment());
    loop {
        let look = pin!(nudge.pause(LOOK_EVERY_MS));
        let event = match select(heard.next(), look).await {
            Either::Left((event, _)) => event.unwrap_or(Heard::End),
            Either::Right(_) => Heard::Nothing,
        };
        let now = clock::moment();
        match event {
            Heard::Nothing if !quiet.is_dead(now) => continue,
            Heard::Nothing | Heard::End => {
                if quiet.is_dead(now) {
                    ring(Ring::Silent);
                }
                return has_rung;
            }
            Heard::Sign => {}
            // The first names every table.
            Heard::Ring(_) if !has_rung => {
                has_rung = true;
                ring(Ring::Connected {
                    was_silent: silence.is_dead(now),
                });
            }
            Heard::Ring(rung) => ring(rung),
        }
        quiet = Silence::since(now);
        *silence = quiet;
    }
}

/// What comes of listening for a while.
enum Heard {
    /// A ring.
    Ring(Ring),
    /// A sign that the server is there.
    Sign,
    /// The connection broke.
    End,
    /// It was quiet.
    Nothing,
}

/// Closed when it is dropped: the browser's own reconnecting knows no patience and hides why.
struct Source {
    raw: EventSource,
    _listeners: [Listener; 4],
}

impl Drop for Source {
    fn drop(&mut self) {
        self.raw.close();
    }
}

/// What is heard, as it comes.
fn connect() -> Option<(Source, mpsc::UnboundedReceiver<Heard>)> {
    let raw = EventSource::new(ADDRESS).ok()?;
    let (tell, heard) = mpsc::unbounded();
    let (there, broke) = (tell.clone(), tell.clone());
    let on_event = |name: &'static str, ring: fn(Vec<Table>) -> Ring| {
        let tell = tell.clone();
        Listener::new(&raw, name, move |event| {
            if let Some(tables) = read(&event) {
                let _ = tell.unbounded_send(Heard::Ring(ring(tables)));
            }
        })
    };
    let (on_news, on_again) = (on_event("news", Ring::Tables), on_event("again", Ring::Again));
    let on_sign = Listener::new(&raw, "here", move |_| {
        let _ = there.unbounded_send(Heard::Sign);
    });
    let on_error = Listener::new(&raw, "error", move |_| {
        let _ = broke.unbounded_send(Heard::End);
    });
    Some((
        Source {
            raw,
            _listeners: [on_news, on_again, on_sign, on_error],
        },
        heard,
    ))
}

fn read(event: &web_sys::Event) -> Option<Vec<Table>> {
    use wasm_bindgen::JsCast;
    let news: News = serde_json::from_str(&event.dyn_ref::<MessageEvent>()?.data().as_string()?).ok()?;
    Some(news.tables.iter().filter_map(|name| Table::from_name(name)).collect())
}
