//! Has the outbox sent: after each tap, when the network comes back, and on a timer (`browser/src/device/pulse.rs`).
//!
//! **Invariant:** while anything waits and somebody is signed in, a timer is armed.

use super::{
    Signal, drainer,
    tab::Tab,
    worker::{self, Wake},
};
use std::rc::Rc;
use sync::{Clock, OutboxRecord, shape_stream::Event};

/// What is on its way, or should be, is looked after again this soon.
const LONGEST_PAUSE_MS: i64 = 30_000;
const SHORTEST_PAUSE_MS: i64 = 2_000;
const LOOK_ANYWAY_MS: i64 = 5 * 60_000;

impl Tab {
    /// Wakes the worker, and arms the timer for the next time.
    pub fn beat(self: &Rc<Self>) {
        if self.is_signed_in() {
            self.wake();
        }
        self.arm();
    }

    /// Where there is no worker, the tab sends by itself.
    fn wake(self: &Rc<Self>) {
        if self.device.has_worker {
            return worker::wake(&self.device, Wake::Page);
        }
        let tab = self.clone();
        self.spawn(async move {
            if !tab.device.is_online.get() {
                return;
            }
            let turn = tab.device.drain_lock.clone().lock_owned().await;
            let told = tab.clone();
            let _ = drainer::run_drain(turn, &tab.device, tab.process, move |signal| told.tell_all(signal), false).await;
        });
    }

    /// Arms the timer for the earliest write that waits; without one, disarms it.
    pub fn arm(self: &Rc<Self>) {
        let now_ms = self.device.now_ms();
        let due_in = |record: &OutboxRecord| match record.next_attempt_at_ms {
            None => LONGEST_PAUSE_MS,
            Some(_) => record.paused_until(now_ms).map_or(0, |at_ms| at_ms - now_ms),
        };
        let earliest = self.view.borrow().writes().filter(|record| record.state.concerns_drainer()).map(due_in).min();
        self.pulse.set(self.pulse.get() + 1);
        self.is_armed.set(true);
        let pause_ms = earliest.unwrap_or(LOOK_ANYWAY_MS);
        let (tab, armed) = (self.clone(), self.pulse.get());
        self.spawn(async move {
            tab.device.world.executor.sleep(pause_ms.max(SHORTEST_PAUSE_MS)).await;
            if tab.pulse.get() == armed {
                tab.look().await;
            }
        });
    }

    /// Whoever has signed in, stored or sent something may have ended before it could tell.
    async fn look(self: &Rc<Self>) {
        self.reload_session().await;
        if let Some(user) = self.user_id() {
            self.open_what_was_left(user).await;
        }
        self.reload_outbox().await;
        if self.has_something_to_ask() {
            self.beat();
        } else {
            self.arm();
        }
    }

    fn has_something_to_ask(&self) -> bool {
        let view = self.view.borrow();
        let mut writes = view.writes();
        writes.any(|record| record.state.concerns_drainer())
    }

    /// The server answers again: pauses that began because it did not are over.
    pub fn server_is_back(self: &Rc<Self>) {
        let tab = self.clone();
        self.spawn(async move {
            if let Some(user) = tab.user_id().filter(|_| tab.is_signed_in()) {
                let _ = drainer::end_pauses(&tab.hand(), user).await;
                tab.reload_outbox().await;
            }
            tab.beat();
        });
    }

    /// The server is asked at once what has become of the writes that it holds for a supervisor.
    pub fn ask_about_held(self: &Rc<Self>) {
        let tab = self.clone();
        self.spawn(async move {
            if let Some(user) = tab.user_id().filter(|_| tab.is_signed_in())
                && drainer::ask_about_held(&tab.hand(), user).await.unwrap_or(false)
            {
                tab.reload_outbox().await;
                tab.beat();
            }
        });
    }

    /// The network is back, or the person is.
    pub fn network_came(self: &Rc<Self>) {
        if let Some((_, streams)) = &*self.streams.borrow() {
            for stream in streams.iter() {
                let _ = stream.unbounded_send(Event::CatchUp);
            }
        }
        self.settle_owed_logout();
        self.server_is_back();
    }

    /// Whether the server answers, as this tab's streams have just seen.
    pub fn server_reached(self: &Rc<Self>, reached: bool) {
        self.device.tell(self.process, &Signal::ServerReached(reached));
        if self.is_server_reached.replace(reached) != reached && reached {
            self.server_is_back();
        }
    }
}
