//! The one tab that keeps the synced rows up to date, for all tabs of the device.
//!
//! It holds the lock `turns-leader`, listens at the doorbell and runs one stream per table. When it closes, the next
//! tab in line takes over from the stored places.
//!
//! **Invariant:** dropping a [`Leader`] stops all of it, and nothing is stored for its user afterwards by this tab.

mod stream;

use crate::{
    doorbell::{self, Ring},
    http::Http,
    locks,
    scope::{self, Nudge},
    store::{IdbStore, StoreError},
};
use domain::{Table, UserId};
use futures::{
    channel::mpsc::{UnboundedSender, unbounded},
    future::{AbortHandle, abortable, join_all},
};
use std::{cell::Cell, rc::Rc};
use stream::Stream;
use sync::{Applied, ShapeBatch, shape_stream::Event};
use wasm_bindgen_futures::spawn_local;

/// Streams begin when the doorbell is connected, so that nothing falls between; but not later than this.
const DOORBELL_HEAD_START_MS: i64 = 2_000;

/// Who hears what the streams bring.
pub trait Audience {
    /// This tab runs the streams from now on.
    fn leading(&self);
    /// A batch is stored: show it.
    fn stored(&self, batch: &ShapeBatch, applied: &Applied);
    /// How a table's stream stands, in words.
    fn stream_stands(&self, table: Table, how: &'static str);
    /// Whether the server answers.
    fn server_reached(&self, reached: bool);
    /// The server does not know the session any more.
    fn session_ended(&self);
    /// A batch could not be stored.
    fn storage_failed(&self, error: &StoreError);
}

/// This tab's part in leading: it leads, or waits in line.
pub struct Leader {
    task: AbortHandle,
    nudge: Nudge,
    streams: Streams,
}

type Streams = Rc<Vec<UnboundedSender<Event>>>;

impl Leader {
    /// Gets in line.
    pub fn start(store: &IdbStore, user: UserId, tables: &[Table], audience: &Rc<impl Audience + 'static>) -> Self {
        let (nudge, http) = (Nudge::default(), Http::default());
        let (senders, inboxes): (Vec<_>, Vec<_>) = tables.iter().map(|_| unbounded()).unzip();
        let senders = Rc::new(senders);
        let streams = tables.iter().zip(inboxes).map(|(table, inbox)| Stream {
            table: *table,
            store: store.for_rows_of(user),
            http: http.clone(),
            nudge: nudge.clone(),
            audience: audience.clone(),
            inbox,
        });
        let post = Post {
            begun: Cell::new(false),
            streams: senders.clone(),
            tables: tables.to_vec(),
            audience: audience.clone(),
        };
        let (lead, task) = abortable(lead(streams.collect(), post, http, user, nudge.clone()));
        spawn_local(async move {
            // Aborted means that its user signed out, or that the tab closes.
            let _ = lead.await;
        });
        Self { task, nudge, streams: senders }
    }

    /// The tablet has woken up or the network is back: no pause is worth waiting for, and rings may have been missed.
    pub fn catch_up(&self) {
        self.nudge.now();
        for stream in &*self.streams {
            let _ = stream.unbounded_send(Event::CatchUp);
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead<A: Audience>(streams: Vec<Stream<A>>, post: Post<A>, http: Http, user: UserId, nudge: Nudge) {
    let _lock = locks::acquire(locks::LEADER).await;
    post.audience.leading();
    let streams = join_all(streams.into_iter().map(Stream::run));
    let late_start = async {
        scope::sleep(DOORBELL_HEAD_START_MS).await;
        post.begin();
    };
    let doorbell = doorbell::listen(&http, user, &nudge, |ring| post.deliver(&ring));
    futures::join!(streams, late_start, doorbell);
}

/// Carries rings to the streams.
struct Post<A> {
    begun: Cell<bool>,
    tables: Vec<Table>,
    streams: Streams,
    audience: Rc<A>,
}

impl<A: Audience> Post<A> {
    fn deliver(&self, ring: &Ring) {
        match ring {
            Ring::Connected => {
                self.audience.server_reached(true);
                if !self.begin() {
                    self.send(Event::CatchUp, |_| true);
                }
            }
            Ring::Tables(tables) => self.send(Event::Rang, |table| tables.contains(&table)),
            // What is there is asked for, and not waited for: most often nothing is.
            Ring::Again(tables) => self.send(Event::CatchUp, |table| tables.contains(&table)),
            Ring::Lost => {
                self.audience.server_reached(false);
                self.begin();
            }
            Ring::SessionEnded => self.audience.session_ended(),
        }
    }

    /// Lets the streams begin; says whether they had not.
    fn begin(&self) -> bool {
        let begins = !self.begun.replace(true);
        if begins {
            // Each looks up its own place.
            self.send(Event::Started(None), |_| true);
        }
        begins
    }

    fn send(&self, event: Event, is_meant: impl Fn(Table) -> bool) {
        for (_, stream) in self.tables.iter().zip(&*self.streams).filter(|(table, _)| is_meant(**table)) {
            let _ = stream.unbounded_send(event.clone());
        }
    }
}
