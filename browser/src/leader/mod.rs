//! The one tab that keeps the synced rows up to date, for all tabs of the device.
//!
//! It holds the lock `turns-leader`, listens at the doorbell and runs one stream per table. When it closes, the next
//! tab in line takes over from the stored places.
//!
//! Stages and kinds of home hardly ever change. Their rings are followed like any other's, but a lost ring would be noticed by
//! nobody: no news of them would come for months. So they are looked at every ten minutes besides, and so is what an acknowledged write waits for.
//!
//! **Invariant:** a device has two connections at most, the doorbell's and that of one question; dropping a [`Leader`] stops all of it, and nothing is stored for its user afterwards by this tab.

mod stream;
mod tidying;
mod turnstile;

use crate::{
    doorbell::{self, Ring},
    http::Http,
    locks,
    scope::{self, Nudge},
    store::{DeviceStore, StoreError},
};
use domain::{Table, UserId};
use futures::{
    channel::mpsc::{UnboundedSender, unbounded},
    future::{AbortHandle, abortable, join, join_all, join3, select},
};
use std::{cell::Cell, pin::pin, rc::Rc};
use stream::{Hands, Stream};
use sync::{Applied, Place, ShapeBatch, shape_stream::Event, view::TableView};
use tidying::Tidying;
use turnstile::Turnstile;
use wasm_bindgen_futures::spawn_local;

/// Streams begin when the doorbell is connected, so that nothing falls between; but not later than this.
const DOORBELL_HEAD_START_MS: i64 = 2_000;
/// How often reference data is looked at, and a table whose echo has not come.
const LOOK_EVERY_MS: i64 = 10 * 60 * 1_000;

/// How a stream stands, as people are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamState {
    /// In words.
    pub how: &'static str,
    /// In a first sync, how many rows have come.
    pub rows_so_far: Option<usize>,
}

/// Who hears what the streams bring.
#[expect(async_fn_in_trait, reason = "browser futures are not Send, and nobody needs them to be")]
pub trait Audience {
    /// This tab runs the streams from now on.
    fn leading(&self);
    /// A stream goes on from where the store says.
    fn begins_at(&self, table: Table, place: Option<&Place>);
    /// A batch is being stored: build meanwhile what it takes to show it.
    async fn prepare(&self, batch: &ShapeBatch) -> Option<TableView>;
    /// It is stored: show it. The next question waits for this.
    async fn stored(&self, batch: &ShapeBatch, prepared: Option<TableView>, applied: &Applied);
    /// Whether an acknowledged write waits for its row of this table.
    fn awaits_echo(&self, table: Table) -> bool;
    /// How a table's stream stands.
    fn stream_stands(&self, table: Table, how: StreamState);
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
    pub fn start(store: &DeviceStore, user: UserId, tables: &[Table], audience: &Rc<impl Audience + 'static>) -> Self {
        let (nudge, http) = (Nudge::default(), Http::of(user));
        let (senders, inboxes): (Vec<_>, Vec<_>) = tables.iter().map(|_| unbounded()).unzip();
        let senders = Rc::new(senders);
        let (turnstile, tidying) = (Turnstile::default(), Tidying::new(store, tables));
        // What lies in one page's memory, no other tab keeps up to date.
        let is_shared = !store.is_in_memory();
        let streams = tables.iter().zip(inboxes).map(|(table, inbox)| Stream {
            hands: Hands {
                table: *table,
                store: store.on_behalf_of(user),
                failures: Cell::default(),
                http: http.clone(),
                turnstile: turnstile.clone(),
                tidying: tidying.clone(),
                nudge: nudge.clone(),
                audience: audience.clone(),
            },
            inbox,
        });
        let post = Post {
            begun: Cell::new(false),
            streams: senders.clone(),
            tables: tables.to_vec(),
            audience: audience.clone(),
        };
        let (lead, task) = abortable(lead(streams.collect(), post, tidying, http, user, nudge.clone(), is_shared));
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

async fn lead<A: Audience>(streams: Vec<Stream<A>>, post: Post<A>, tidying: Tidying, http: Http, user: UserId, nudge: Nudge, is_shared: bool) {
    let _lock = if is_shared { Some(locks::acquire(locks::LEADER).await) } else { None };
    post.audience.leading();
    let streams = join_all(streams.into_iter().map(Stream::run));
    let late_start = async {
        scope::sleep(DOORBELL_HEAD_START_MS).await;
        post.begin();
    };
    let doorbell = doorbell::listen(&http, user, &nudge, |ring| post.deliver(&ring));
    let looks = async {
        loop {
            scope::sleep(LOOK_EVERY_MS).await;
            post.send(Event::CatchUp, |table| table.is_reference() || post.audience.awaits_echo(table));
        }
    };
    // Looks and tidying go on for ever, and end with the rest.
    select(pin!(join3(streams, late_start, doorbell)), pin!(join(looks, tidying.run()))).await;
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
            Ring::Connected { was_silent } => {
                self.audience.server_reached(true);
                if !self.begin() {
                    self.send(if *was_silent { Event::Woke } else { Event::CatchUp }, |_| true);
                }
            }
            Ring::Silent => self.send(Event::Woke, |_| true),
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
