//! Has the outbox sent: after each tap, when the network or the person comes back, and on a timer.
//!
//! Background Sync alone would not do: two of three browsers do not have it, and the third waits minutes after a fault.
//!
//! **Invariant:** while anything waits and somebody is signed in, a timer is armed.

use super::{Inner, News};
use crate::{
    channel::Signal,
    clock, drainer,
    runs::WokenBy,
    scope::{self, Listener, Timer},
    wake,
};
use std::rc::Rc;
use sync::OutboxRecord;
use wasm_bindgen_futures::spawn_local;
use web_sys::VisibilityState;

/// What is on its way, or should be, is looked after again this soon: the worker may have been stopped in the middle.
const LONGEST_PAUSE_MS: i64 = 10_000;
const SHORTEST_PAUSE_MS: i64 = 2_000;
/// A tab that ended between storing something and telling of it has left what no other has heard of.
const LOOK_ANYWAY_MS: i64 = 5 * 60_000;

impl Inner {
    /// Wakes the worker, and arms the timer for the next time.
    pub(super) fn beat(self: &Rc<Self>, why: WokenBy) {
        if self.is_signed_in() {
            let device = self.clone();
            spawn_local(async move { wake::wake(&device.store, why, &|signal| device.tell_all(signal)).await });
        }
        self.arm();
    }

    /// Arms the timer for the earliest write that waits; without one, for a look at what is stored.
    pub(super) fn arm(self: &Rc<Self>) {
        let now_ms = clock::now_ms();
        let due_in = |record: &OutboxRecord| match record.next_attempt_at_ms {
            None => LONGEST_PAUSE_MS,
            Some(_) => record.paused_until(now_ms).map_or(0, |at_ms| at_ms - now_ms),
        };
        let earliest = self.view.borrow().writes().filter(|record| record.state.concerns_drainer()).map(due_in).min();
        // One that may go is on its way, or should be.
        let photo = self
            .next_photo_at_ms()
            .map(|at_ms| if at_ms <= now_ms { LONGEST_PAUSE_MS } else { at_ms - now_ms });
        let device = Rc::downgrade(self);
        let pause_ms = earliest.into_iter().chain(photo).min().unwrap_or(LOOK_ANYWAY_MS).max(SHORTEST_PAUSE_MS);
        *self.pulse.borrow_mut() = Some(Timer::after(pause_ms, move || {
            if let Some(device) = device.upgrade() {
                spawn_local(async move { device.look().await });
            }
        }));
    }

    /// Whoever has signed in, stored or sent something may have ended before it could tell.
    async fn look(self: Rc<Self>) {
        self.reload_session().await;
        if let Some(user) = self.user_id() {
            // There may be room by now. What does not open was told at sign-in.
            let _ = self.open_what_was_left(user).await;
        }
        self.reload_outbox().await;
        self.trim_history().await;
        let _ = self.signals.unbounded_send(Signal::PhotosChanged);
        if self.has_something_to_ask() {
            self.beat(WokenBy::Timer);
        } else {
            self.arm();
        }
    }

    /// Whether anything waits to be sent, or to be asked about.
    fn has_something_to_ask(&self) -> bool {
        let view = self.view.borrow();
        let mut writes = view.writes();
        writes.any(|record| record.state.concerns_drainer()) || self.next_photo_at_ms().is_some()
    }

    /// The server answers again: pauses that began because it did not are over.
    pub(super) fn server_is_back(self: &Rc<Self>, why: WokenBy) {
        let device = self.clone();
        spawn_local(async move {
            if let Some(user) = device.user_id().filter(|_| device.is_signed_in()) {
                // Should the storage fail here, the pauses simply stay.
                let _ = drainer::end_pauses(&device.store, user).await;
                device.reload_outbox().await;
            }
            device.beat(why);
        });
    }

    /// The server is asked at once what has become of the writes that it holds for a supervisor.
    pub(super) fn ask_about_held(self: &Rc<Self>) {
        let device = self.clone();
        spawn_local(async move {
            if let Some(user) = device.user_id().filter(|_| device.is_signed_in())
                && drainer::ask_about_held(&device.store, user).await.unwrap_or(false)
            {
                device.reload_outbox().await;
                device.beat(WokenBy::HeldCheck);
            }
        });
    }

    /// Hears the network come and go, and the person come back to the tab.
    pub(super) fn listen_to_the_world(self: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        let mut listeners = self.listeners.borrow_mut();
        let on = |target: &web_sys::EventTarget, event: &'static str, hear: fn(&Rc<Self>)| {
            let device = Rc::downgrade(self);
            Listener::new(target, event, move |_| {
                if let Some(device) = device.upgrade() {
                    hear(&device);
                }
            })
        };
        listeners.push(on(&window, "online", Self::network_came));
        listeners.push(on(&window, "offline", |device| device.tell(News::Status)));
        if let Some(document) = window.document() {
            listeners.push(on(&document, "visibilitychange", Self::person_came));
        }
    }

    fn network_came(self: &Rc<Self>) {
        if let Some(leader) = &*self.leader.borrow() {
            leader.catch_up();
        }
        self.tell(News::Status);
        self.settle_owed_logout();
        self.server_is_back(WokenBy::Online);
    }

    fn person_came(self: &Rc<Self>) {
        let is_visible = web_sys::window()
            .and_then(|window| window.document())
            .is_some_and(|document| document.visibility_state() == VisibilityState::Visible);
        if !is_visible || !scope::is_online() {
            return;
        }
        if let Some(leader) = &*self.leader.borrow() {
            leader.catch_up();
        }
        self.look_for_newer();
        if self.store.is_in_memory() {
            let device = self.clone();
            spawn_local(async move {
                device.return_to_disk().await;
            });
        }
        self.beat(WokenBy::Visible);
    }
}
