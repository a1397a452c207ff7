//! The one tab that keeps the synced rows up to date (`browser/src/leader/`): the doorbell, and a stream per table.
//!
//! **Invariant:** one question or one pause of a stream is under way; stopping the streams stops all of it.

use super::tab::Tab;
use crate::{disk::DiskError, wire::Confirmation};
use domain::{Table, UserId};
use futures::{
    FutureExt, StreamExt,
    channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
    future::{Either, LocalBoxFuture, join_all, join3, pending, select},
    lock::Mutex,
};
use std::{cell::Cell, pin::pin, rc::Rc};
use sync::{
    Applied, Clock, ShapeBatch, Store,
    outbox::history,
    shape_stream::{Effect, Event, ShapeStream},
};

/// Streams begin when the doorbell is connected; but not later than this.
const DOORBELL_HEAD_START_MS: i64 = 2_000;
/// How often reference data is looked at, and a table whose echo has not come.
const LOOK_EVERY_MS: i64 = 10 * 60 * 1_000;
/// After the storage failed.
const STORAGE_PAUSE_MS: i64 = 10_000;
/// Between two tries of the doorbell.
const BELL_PAUSE_MS: i64 = 5_000;

impl Tab {
    /// Gets in line for the lead.
    pub fn start_streams(self: &Rc<Self>) {
        let session = self.session.borrow().clone();
        let Some(session) = session.filter(|session| !session.has_ended) else {
            return;
        };
        self.stop_streams();
        let tables = session.tables();
        let (senders, inboxes): (Vec<_>, Vec<_>) = tables.iter().map(|_| unbounded()).unzip();
        let senders = Rc::new(senders);
        // Part of the tab, and stopped without it: the tab's death ends both.
        let process = self.device.world.new_process();
        *self.streams.borrow_mut() = Some((process, senders.clone()));
        let leading = Leading {
            tab: self.clone(),
            user: session.user.id,
            tables,
            senders,
            has_begun: Cell::new(false),
        };
        self.device.world.executor.spawn(process, leading.lead(inboxes));
    }

    /// Lets go of the lead, or of the place in line.
    pub fn stop_streams(&self) {
        if let Some((process, _)) = self.streams.borrow_mut().take() {
            self.device.world.executor.kill(process);
        }
    }
}

/// A tab that leads, or waits in line.
struct Leading {
    tab: Rc<Tab>,
    user: UserId,
    tables: Vec<Table>,
    senders: Rc<Vec<UnboundedSender<Event>>>,
    has_begun: Cell<bool>,
}

impl Leading {
    async fn lead(self, inboxes: Vec<UnboundedReceiver<Event>>) {
        let _lock = self.tab.device.leader_lock.clone().lock_owned().await;
        let trimming = self.tab.clone();
        self.tab.spawn(async move {
            // What could not be trimmed is trimmed another time.
            let _ = history::trim(&trimming.hand(), trimming.device.now_ms()).await;
        });
        let turnstile = Mutex::new(());
        let streams = self.tables.iter().zip(inboxes).map(|(table, inbox)| {
            let hands = Hands {
                table: *table,
                leading: &self,
                turnstile: &turnstile,
            };
            hands.run(inbox)
        });
        let late_start = async {
            self.sleep(DOORBELL_HEAD_START_MS).await;
            self.begin();
        };
        let looks = async {
            loop {
                self.sleep(LOOK_EVERY_MS).await;
                self.send(&Event::CatchUp, |table| table.is_reference() || self.awaits_echo(table));
            }
        };
        select(pin!(join3(join_all(streams), late_start, self.listen())), pin!(looks)).await;
    }

    async fn sleep(&self, ms: i64) {
        self.tab.device.world.executor.sleep(ms).await;
    }

    /// Lets the streams begin; says whether they had not.
    fn begin(&self) -> bool {
        let begins = !self.has_begun.replace(true);
        if begins {
            // Each looks up its own place.
            self.send(&Event::Started(None), |_| true);
        }
        begins
    }

    fn send(&self, event: &Event, is_meant: impl Fn(Table) -> bool) {
        for (_, stream) in self.tables.iter().zip(&*self.senders).filter(|(table, _)| is_meant(**table)) {
            let _ = stream.unbounded_send(event.clone());
        }
    }

    /// Whether an acknowledged write waits for its row of this table.
    fn awaits_echo(&self, table: Table) -> bool {
        let view = self.tab.view.borrow();
        view.writes().any(|record| record.table == table && record.awaits_echo())
    }

    /// Listens at the doorbell until the session ends.
    async fn listen(&self) {
        let device = &self.tab.device;
        loop {
            match device.cookie.get().filter(|_| device.is_online.get() && device.world.is_server_up()) {
                None => self.lost(),
                Some(token) => {
                    let (ring, mut rung) = unbounded();
                    device.world.connect_bell(token, device.number, ring);
                    self.tab.server_reached(true);
                    if !self.begin() {
                        self.send(&Event::CatchUp, |_| true);
                    }
                    while let Some(tables) = rung.next().await {
                        self.send(&Event::Rang, |table| tables.contains(&table));
                    }
                }
            }
            match self.tab.wire().session().await {
                Confirmation::SignedIn(answer) if answer.user.id == self.user => {}
                Confirmation::SignedIn(_) | Confirmation::SignedOut => return self.session_ended(),
                Confirmation::Unknown => self.lost(),
            }
            self.sleep(BELL_PAUSE_MS).await;
        }
    }

    fn lost(&self) {
        self.tab.server_reached(false);
        self.begin();
    }

    fn session_ended(&self) {
        self.tab.spawn(self.tab.clone().stream_was_refused());
    }
}

/// Carries out what one table's stream decides.
struct Hands<'a> {
    table: Table,
    leading: &'a Leading,
    turnstile: &'a Mutex<()>,
}

impl Hands<'_> {
    async fn run(self, mut inbox: UnboundedReceiver<Event>) {
        let tab = &self.leading.tab;
        let mut machine = ShapeStream::new(self.table);
        let mut under_way: LocalBoxFuture<'_, Event> = pending().boxed_local();
        loop {
            let event = match select(inbox.next(), &mut under_way).await {
                Either::Left((None, _)) => return,
                Either::Left((Some(event), _)) => event,
                Either::Right((outcome, _)) => {
                    under_way = pending().boxed_local();
                    outcome
                }
            };
            let mut next_event = Some(event);
            while let Some(event) = next_event.take() {
                let has_ended = event == Event::Unauthenticated;
                let event = self.with_place(event).await;
                let effects = machine.on(event, tab.device.now());
                if has_ended {
                    return self.leading.session_ended();
                }
                match self.carry_out(effects).await {
                    Ok(None) => {}
                    Ok(Some(next)) => under_way = next,
                    // Before anything that waits in the inbox: it would be followed from rows that are not there.
                    Err(interruption) => next_event = Some(interruption),
                }
            }
        }
    }

    fn hand(&self) -> crate::disk::Hand {
        self.leading.tab.hand().on_behalf_of(self.leading.user)
    }

    /// A stream starts where the store says.
    async fn with_place(&self, event: Event) -> Event {
        match event {
            Event::Started(None) => {
                let place = self.hand().place(self.table).await.unwrap_or_default();
                self.leading.tab.begins_at(self.table, place.as_ref());
                Event::Started(place)
            }
            other => other,
        }
    }

    /// Stores what is to be stored, and begins what comes next; `None` where that goes on that is under way. What could not be stored
    /// interrupts.
    async fn carry_out(&self, effects: Vec<Effect>) -> Result<Option<LocalBoxFuture<'_, Event>>, Event> {
        let mut next = None;
        for effect in effects {
            next = match effect {
                Effect::Fetch(request) => Some(
                    async move {
                        let _turn = self.turnstile.lock().await;
                        self.leading.tab.wire().fetch_shape(self.leading.user, &request).await
                    }
                    .boxed_local(),
                ),
                Effect::Rest { pause_ms } => Some(self.leading.tab.device.world.executor.sleep(pause_ms).map(|()| Event::Rested).boxed_local()),
                Effect::Store(batch) => match self.keep(&batch).await {
                    None => None,
                    Some(interruption) => return Err(interruption),
                },
            };
        }
        Ok(next)
    }

    async fn keep(&self, batch: &ShapeBatch) -> Option<Event> {
        match self.hand().apply_shape(batch).await {
            Ok(Applied { has_gap: true, .. }) => Some(Event::FoundGap),
            Ok(applied) => {
                self.leading.tab.stored(batch, &applied);
                None
            }
            Err(DiskError::NotOurs) => Some(Event::Unauthenticated),
            Err(DiskError::Full) => {
                self.leading.sleep(STORAGE_PAUSE_MS).await;
                // The machine is ahead of the store now: back to where that stands.
                Some(Event::Started(None))
            }
        }
    }
}
