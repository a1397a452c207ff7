//! A tab: the view, and everything that keeps it true (`browser/src/device/`).
//!
//! **Invariant:** whatever is shown is in the store, or on its way there and taken back when it does not arrive.

use super::{Device, Signal, keeper::Parcel, session::Session};
use crate::{
    disk::Hand,
    executor::ProcessId,
    flicker::{Eyes, whose},
    wire::Wire,
};
use domain::{Table, UserId};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::Future,
    rc::Rc,
};
use sync::{LocalView, Place, Touched, shape_stream::Event};

/// A stream's inbox per table.
pub type Inboxes = Rc<Vec<UnboundedSender<Event>>>;

/// See the module.
pub struct Tab {
    /// On which tablet.
    pub device: Rc<Device>,
    /// What dies with it.
    pub process: ProcessId,
    /// What the screen shows.
    pub view: RefCell<LocalView>,
    /// Who this tab believes is signed in.
    pub session: RefCell<Option<Session>>,
    /// What its user has seen.
    pub eyes: RefCell<Eyes>,
    /// Up to where this tab has seen each table stored, by its own streams or when it was loaded.
    pub places: RefCell<HashMap<Table, Place>>,
    /// Whether the server answers, as far as is known.
    pub is_server_reached: Cell<bool>,
    /// The streams' inboxes while this tab is in line or leads, and the process that they run in.
    pub streams: RefCell<Option<(ProcessId, Inboxes)>>,
    pub(super) signals: UnboundedSender<Signal>,
    pub(super) keeper: UnboundedSender<Parcel>,
    /// The armed timer; an older one that goes off is not it any more.
    pub(super) pulse: Cell<u64>,
    /// How many cells of the pulse are armed.
    pub(super) is_armed: Cell<bool>,
}

impl Tab {
    /// Opens a tab: session, outbox and rows come from the disk, and then it follows.
    pub fn open(device: &Rc<Device>) -> Rc<Self> {
        let (signals, heard) = unbounded();
        let (keeper, parcels) = unbounded();
        let tab = Rc::new(Self {
            device: device.clone(),
            process: device.world.new_process(),
            view: RefCell::default(),
            session: RefCell::default(),
            eyes: RefCell::default(),
            places: RefCell::default(),
            is_server_reached: Cell::new(true),
            streams: RefCell::default(),
            signals,
            keeper,
            pulse: Cell::new(0),
            is_armed: Cell::new(false),
        });
        // Signals are heard before anything is read.
        device.tabs.borrow_mut().push(tab.clone());
        let opened = tab.clone();
        tab.spawn(async move {
            // A tab whose storage fails at the start is loaded again.
            let mut session = opened.hand().session().await;
            while session.is_err() {
                session = opened.hand().session().await;
            }
            opened.adopt(session.unwrap_or_default()).await;
            opened.spawn(opened.clone().follow(heard));
            opened.spawn(opened.clone().keep(parcels));
            opened.settle_owed_logout();
            if let Some(user) = opened.user_id() {
                opened.open_what_was_left(user).await;
            }
            opened.ask_about_held();
            opened.confirm_session().await;
        });
        tab
    }

    /// A task that dies with the tab.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.device.world.executor.spawn(self.process, task);
    }

    /// The way to the disk.
    pub fn hand(&self) -> Hand {
        self.device.hand(self.process)
    }

    /// The way to the server.
    pub fn wire(&self) -> Wire {
        self.device.wire()
    }

    /// Takes a signal in.
    pub fn hear(&self, signal: Signal) {
        // Fails only when the tab is gone.
        let _ = self.signals.unbounded_send(signal);
    }

    /// Tells other tabs, and this one too.
    pub fn tell_all(&self, signal: &Signal) {
        self.device.tell(self.process, signal);
        self.hear(signal.clone());
    }

    /// Whose view it is.
    pub fn user_id(&self) -> Option<UserId> {
        self.session.borrow().as_ref().map(|session| session.user.id)
    }

    /// Whether a session is there that the server, as far as is known, accepts.
    pub fn is_signed_in(&self) -> bool {
        self.session.borrow().as_ref().is_some_and(Session::may_send)
    }

    /// Changes the view, and looks at what that did to the screen.
    pub fn change(&self, change: impl FnOnce(&mut LocalView) -> Touched) {
        let touched = change(&mut self.view.borrow_mut());
        let view = self.view.borrow();
        let world = &self.device.world;
        let tell = |what: String| world.tell(|| format!("device {}: tab {} {what}", self.device.number, self.process.0));
        let user = self.user_id();
        let seen = user.and_then(|user| {
            let whose = whose(self.device.number, user);
            let is_loaded = |table: Table| self.places.borrow().contains_key(&table);
            let mut eyes = self.eyes.borrow_mut();
            eyes.look(&world.promises.borrow(), (whose, &view), is_loaded, &touched.rows, tell)
        });
        if let Some(flicker) = seen {
            world.violate(|| format!("device {}: {flicker}", self.device.number));
        }
        if let Some(foreign) = view.writes().find(|record| Some(record.user_id) != user) {
            world.violate(|| format!("device {} shows somebody else’s {}", self.device.number, crate::disk::short(foreign.write_id)));
        }
    }
}
