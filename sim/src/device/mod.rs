//! A tablet: one browser profile with its storage, locks, channel and clock, some tabs and a worker.
//!
//! The edges of the browser (`browser/`, `sw/`) need a browser; here they are told again over the same `sync` code, await by
//! await: what is stored, locked and told in which order is theirs.
//!
//! **Invariant:** the disk is all that survives; tabs and worker keep nothing from one life to the next.

pub mod drainer;
pub mod follow;
pub mod keeper;
pub mod leader;
pub mod pulse;
pub mod session;
pub mod sign;
pub mod tab;
pub mod taps;
pub mod worker;

use crate::{
    coverage::Fault,
    disk::{Disk, Hand},
    executor::ProcessId,
    office::EPOCH_MS,
    recovery::held_by,
    server::Token,
    wire::Wire,
    world::World,
};
use domain::{DeviceId, RowId, Table};
use futures::lock::Mutex;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};
use sync::{Clock, outbox::settle::Now};
use tab::Tab;
use worker::Worker;

/// See the module.
pub struct Device {
    /// The world around it.
    pub world: Rc<World>,
    /// Its place among the devices.
    pub number: usize,
    /// Its id.
    pub id: DeviceId,
    /// What survives.
    pub disk: Rc<Disk>,
    /// The browser's cookie, shared by all tabs and the worker.
    pub cookie: Cell<Option<Token>>,
    /// Whether there is a network.
    pub is_online: Cell<bool>,
    /// How wrong the clock on the wall is.
    pub clock_error_ms: Cell<i64>,
    /// Of all tabs and the worker one sends.
    pub drain_lock: Arc<Mutex<()>>,
    /// One tab runs the streams.
    pub leader_lock: Arc<Mutex<()>>,
    /// The open tabs.
    pub tabs: RefCell<Vec<Rc<Tab>>>,
    /// The worker, while the browser lets it run.
    pub worker: RefCell<Option<Rc<Worker>>>,
    /// Whether this browser has workers.
    pub has_worker: bool,
    /// Whether this browser can encrypt: without TLS it cannot.
    pub has_crypto: bool,
    /// The server is owed a logout.
    pub owes_logout: Cell<bool>,
}

/// What tabs and worker tell each other.
#[derive(Clone, Debug)]
pub enum Signal {
    /// The stored outbox is not what it was.
    OutboxChanged,
    /// These rows, or all where none are named.
    RowsChanged(Table, Option<Vec<RowId>>),
    /// Another session, or none.
    SessionChanged,
    /// Whether the server answers.
    ServerReached(bool),
}

impl Device {
    /// A new tablet.
    pub fn new(world: &Rc<World>, number: usize) -> Rc<Self> {
        Rc::new(Self {
            world: world.clone(),
            number,
            id: DeviceId(world.new_id()),
            disk: Rc::new(Disk::new(number)),
            cookie: Cell::new(None),
            is_online: Cell::new(true),
            clock_error_ms: Cell::new(0),
            drain_lock: Arc::default(),
            leader_lock: Arc::default(),
            tabs: RefCell::default(),
            worker: RefCell::default(),
            has_worker: !world.dice.one_in(4),
            has_crypto: !world.dice.one_in(5),
            owes_logout: Cell::new(false),
        })
    }

    /// A process's way to the disk.
    pub fn hand(&self, process: ProcessId) -> Hand {
        Hand {
            disk: self.disk.clone(),
            process,
            world: self.world.clone(),
            owner: None,
        }
    }

    /// The way to the server.
    pub fn wire(self: &Rc<Self>) -> Wire {
        Wire { device: self.clone() }
    }

    /// Tells every tab but the one who speaks.
    pub fn tell(&self, from: ProcessId, signal: &Signal) {
        for tab in self.tabs.borrow().iter().filter(|tab| tab.process != from) {
            tab.hear(signal.clone());
        }
    }

    /// Whether this process is one of the device's; if so it ends, and something new may begin in its place.
    pub fn dies(&self, process: ProcessId) -> bool {
        let place = self.tabs.borrow().iter().position(|tab| tab.process == process);
        if let Some(place) = place {
            self.close_tab(place);
            self.world.met(Fault::TabDied, self);
            return true;
        }
        let is_worker = self.worker.borrow().as_ref().is_some_and(|worker| worker.process == process);
        if is_worker {
            self.worker.borrow_mut().take();
            self.world.executor.kill(process);
            self.world.met(Fault::WorkerDied, self);
        }
        is_worker
    }

    /// Ends a tab with all that it is doing.
    pub fn close_tab(&self, place: usize) {
        let tab = self.tabs.borrow_mut().remove(place);
        tab.stop_streams();
        self.world.executor.kill(tab.process);
        self.note_held();
    }

    /// A page has ended, or shows somebody else's work from now on: what it held, and nobody else does, cannot come again.
    pub(crate) fn note_held(&self) {
        if self.world.ledger.borrow().is_owed_by(self.number) {
            let held = held_by(&self.tabs.borrow());
            self.world.ledger.borrow_mut().page_ended(self.number, &held);
        }
    }

    /// The time and the dice, for a stream.
    pub fn now(&self) -> Now {
        Now {
            ms: self.now_ms(),
            jitter: self.jitter(),
        }
    }
}

impl Clock for Device {
    fn now_ms(&self) -> i64 {
        EPOCH_MS + self.world.now_ms() + self.clock_error_ms.get()
    }
    fn jitter(&self) -> f64 {
        self.world.dice.fraction()
    }
}
