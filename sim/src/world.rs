//! Everything that one run is made of, and what every part of it may ask: time, chance, the network, the law.
//!
//! **Invariant:** a world is torn down whole at its end; a million of them leave nothing behind.

use crate::{
    coverage::{Coverage, Fault, States},
    device::Device,
    dice::Dice,
    executor::{Executor, ProcessId},
    flicker::Promises,
    ledger::Ledger,
    server::{Server, Token},
    story::Story,
    wrong::Wrong,
};
use domain::Table;
use futures::channel::{mpsc::UnboundedSender, oneshot};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::pending,
    rc::Rc,
};
use uuid::Uuid;

/// See the module.
pub struct World {
    /// Chance.
    pub dice: Dice,
    /// Time, and who goes on.
    pub executor: Executor,
    /// The other end.
    pub server: RefCell<Box<dyn Server>>,
    /// Whether anything goes wrong by itself.
    pub is_stormy: Cell<bool>,
    /// A day of withdrawn access and many decisions.
    pub is_contested_day: Cell<bool>,
    /// The server does not answer before this moment.
    pub outage_until_ms: Cell<i64>,
    /// What was promised to users.
    pub ledger: RefCell<Ledger>,
    /// What users have set, and must not see go back and return.
    pub promises: RefCell<Promises>,
    /// Which faults met which states.
    pub coverage: Coverage,
    /// For who has to understand it.
    pub story: Story,
    /// What is done wrong on purpose.
    pub wrong: Option<Wrong>,
    /// The tablets.
    pub devices: RefCell<Vec<Rc<Device>>>,
    bells: RefCell<Vec<Bell>>,
    server_lives: Cell<u32>,
    processes: Cell<u32>,
    made: Cell<u64>,
    violation: RefCell<Option<String>>,
    /// What each process will hear of its store last.
    answers: RefCell<HashMap<ProcessId, oneshot::Receiver<()>>>,
}

/// A doorbell's connection.
struct Bell {
    token: Token,
    device: usize,
    ring: UnboundedSender<Vec<Table>>,
}

/// What has no process of its own: requests on their way.
pub const NETWORK: ProcessId = ProcessId(0);

impl World {
    /// An empty world before a server.
    pub fn new(seed: u64, server: Box<dyn Server>, wrong: Option<Wrong>, is_told: bool) -> Rc<Self> {
        Rc::new(Self {
            dice: Dice::new(seed),
            executor: Executor::default(),
            server: RefCell::new(server),
            is_stormy: Cell::new(true),
            is_contested_day: Cell::new(false),
            outage_until_ms: Cell::new(0),
            ledger: RefCell::default(),
            promises: RefCell::default(),
            coverage: Coverage::default(),
            story: Story::new(is_told),
            wrong,
            devices: RefCell::default(),
            bells: RefCell::default(),
            server_lives: Cell::new(0),
            processes: Cell::new(0),
            made: Cell::new(0),
            violation: RefCell::default(),
            answers: RefCell::default(),
        })
    }

    /// True time.
    pub fn now_ms(&self) -> i64 {
        self.executor.now_ms()
    }

    /// Once in so many in bad weather, never in good.
    pub fn goes_wrong(&self, one_in: usize) -> bool {
        self.is_stormy.get() && self.dice.one_in(one_in)
    }

    /// A process of its own.
    pub fn new_process(&self) -> ProcessId {
        self.processes.set(self.processes.get() + 1);
        ProcessId(self.processes.get())
    }

    /// A fresh id, in the order of making.
    pub fn new_id(&self) -> Uuid {
        self.made.set(self.made.get() + 1);
        crate::office::ids::made(self.made.get())
    }

    /// Something happened.
    pub fn tell(&self, event: impl FnOnce() -> String) {
        self.story.tell(self.now_ms(), event);
    }

    /// The law is broken: the first time is what counts.
    pub fn violate(&self, what: impl FnOnce() -> String) {
        let mut violation = self.violation.borrow_mut();
        if violation.is_none() {
            let what = what();
            self.story.tell(self.now_ms(), || format!("VIOLATION: {what}"));
            *violation = Some(what);
        }
    }

    /// What broke the law, if anything did.
    pub fn violation(&self) -> Option<String> {
        self.violation.borrow().clone()
    }

    /// Whether anything broke the law.
    pub fn is_lawful(&self) -> bool {
        self.violation.borrow().is_none()
    }

    /// A fault met a device.
    pub fn met(&self, fault: Fault, device: &Device) {
        self.coverage.note(fault, device.disk.states());
        self.tell(|| format!("device {}: {fault:?}", device.number));
    }

    /// A fault met a device when its writes were in these states.
    pub fn met_in(&self, fault: Fault, device: &Device, states: States) {
        self.coverage.note(fault, states);
        self.tell(|| format!("device {}: {fault:?}", device.number));
    }

    /// A fault met every device.
    pub fn met_all(&self, fault: Fault) {
        for device in self.devices.borrow().iter() {
            self.coverage.note(fault, device.disk.states());
        }
        self.tell(|| format!("{fault:?}"));
    }

    /// A point at which others may go first, for a moment or for long, and at which a process may die.
    pub async fn pass(&self, process: ProcessId) {
        if self.goes_wrong(1_500) && self.devices.borrow().iter().any(|device| device.dies(process)) {
            return pending().await;
        }
        let ms = match self.dice.below(32) {
            0 => self.dice.below_ms(400),
            1..=3 => self.dice.below_ms(12),
            _ => 0,
        };
        self.executor.sleep(ms).await;
    }

    /// The way back from a store: after a while, and after what was asked for before. A browser's storage tells a page of its
    /// transactions in their order.
    pub async fn hear_back(&self, process: ProcessId) {
        let (heard, next) = oneshot::channel::<()>();
        let before = self.answers.borrow_mut().insert(process, next);
        self.pass(process).await;
        if let Some(before) = before {
            // Dropped: it was heard, or nobody waited for it any more.
            let _ = before.await;
        }
        drop(heard);
    }

    /// The server ends, and everything that hangs on it; it begins again at once, and answers later.
    pub fn restart_server(&self) {
        self.met_all(Fault::ServerRestarted);
        self.server.borrow_mut().restart();
        self.server_lives.set(self.server_lives.get() + 1);
        self.outage_until_ms.set(self.now_ms() + self.dice.below_ms(8_000));
        self.break_bells(None);
    }

    /// Which life of the server this is: an answer of an earlier one reaches nobody.
    pub fn server_life(&self) -> u32 {
        self.server_lives.get()
    }

    /// Whether the server answers now.
    pub fn is_server_up(&self) -> bool {
        self.now_ms() >= self.outage_until_ms.get()
    }

    /// Connects a doorbell.
    pub fn connect_bell(&self, token: Token, device: usize, ring: UnboundedSender<Vec<Table>>) {
        self.bells.borrow_mut().push(Bell { token, device, ring });
    }

    /// Breaks the doorbells of one device, or of all.
    pub fn break_bells(&self, device: Option<usize>) {
        self.bells.borrow_mut().retain(|bell| device.is_some_and(|device| device != bell.device));
    }

    /// Ends the doorbells of sessions that have ended: the server does not let them wait.
    pub fn end_dead_bells(&self) {
        let mut server = self.server.borrow_mut();
        self.bells.borrow_mut().retain(|bell| server.session(bell.token).is_some());
    }

    /// Rings for what was committed after a position, a moment later.
    pub fn ring(self: &Rc<Self>, since: i64) {
        let mut server = self.server.borrow_mut();
        self.bells.borrow_mut().retain(|bell| {
            if bell.ring.is_closed() {
                return false;
            }
            let tables = server.news(bell.token, since);
            if !tables.is_empty() {
                let (world, ring) = (self.clone(), bell.ring.clone());
                self.executor.spawn(NETWORK, async move {
                    world.executor.sleep(5 + world.dice.below_ms(60)).await;
                    // Whoever has gone hears nothing.
                    let _ = ring.unbounded_send(tables);
                });
            }
            true
        });
    }

    /// Lets go of everything that holds on to each other.
    pub fn tear_down(&self) {
        self.executor.clear();
        self.bells.borrow_mut().clear();
        for device in self.devices.borrow_mut().drain(..) {
            device.tabs.borrow_mut().clear();
        }
        self.executor.clear();
    }
}
