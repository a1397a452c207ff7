//! Opening the device: what must be there before the first screen, and what goes on behind it.
//!
//! **Invariant:** signals are heard before anything is read, so what changes meanwhile is not missed.

use super::{Inner, News, OpenError, follow, keeper, update};
use crate::{
    channel::Channel,
    clock,
    http::Http,
    ids,
    store::{IdbStore, StoreError},
};
use futures::channel::mpsc::unbounded;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen_futures::spawn_local;

const DEVICE_NOTE: &str = "device-id";

/// Opens the device on the database of this name.
pub(super) async fn open(database: &str, subscriber: Box<dyn Fn(News)>) -> Result<Rc<Inner>, OpenError> {
    let store = IdbStore::open(database).await?;
    let fresh = ids::device_id();
    let device_id = store.note_or(DEVICE_NOTE, fresh.to_string()).await?.parse().unwrap_or(fresh);
    let (own_signals, signals) = unbounded();
    let heard = own_signals.clone();
    let channel = Channel::join(move |signal| {
        let _ = heard.unbounded_send(signal);
    });
    let (keeper, parcels) = unbounded();
    let device = Rc::new(Inner {
        http: Http::default(),
        channel,
        signals: own_signals,
        device_id,
        view: RefCell::default(),
        session: RefCell::default(),
        placed: RefCell::default(),
        keeper,
        leader: RefCell::default(),
        is_leading: Cell::new(false),
        streams: RefCell::default(),
        // Nothing is known yet, and that is no reason to alarm anybody.
        is_server_reached: Cell::new(true),
        pulse: RefCell::default(),
        listeners: RefCell::default(),
        looked_for_newer_at_ms: Cell::new(clock::now_ms()),
        subscriber,
        store,
    });
    let session = device.store.session().await?;
    device.adopt(session).await;
    let weak = Rc::downgrade(&device);
    spawn_local(follow::follow(weak.clone(), signals));
    spawn_local(keeper::keep(weak.clone(), parcels));
    spawn_local(update::register(weak));
    device.tell_when_superseded();
    device.listen_to_the_world();
    device.settle_owed_logout();
    let confirming = device.clone();
    spawn_local(async move {
        confirming.confirm_session().await;
    });
    Ok(device)
}

impl Inner {
    pub(super) fn close(&self) {
        self.stop_streams();
        self.listeners.borrow_mut().clear();
        self.pulse.borrow_mut().take();
        self.store.close();
    }

    fn tell_when_superseded(self: &Rc<Self>) {
        let device = Rc::downgrade(self);
        self.store.on_superseded(move || {
            if let Some(device) = device.upgrade() {
                device.tell(News::StorageFailed(StoreError::Superseded.to_string()));
            }
        });
    }
}
