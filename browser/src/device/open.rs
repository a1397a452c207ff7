//! Opening the device: what must be there before the first screen, and what goes on behind it.
//!
//! **Invariant:** signals are heard before anything is read, so what changes meanwhile is not missed.

use super::{Inner, News, OpenError, follow, keeper, storage, update};
use crate::{
    channel::{Channel, Signal},
    clock,
    http::Http,
    ids,
    store::{DeviceStore, StorageNews},
};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen_futures::spawn_local;

/// The note with this device's id.
pub(super) const DEVICE_NOTE: &str = "device-id";

/// Opens the device on the database of this name.
pub(super) async fn open(database: &str, subscriber: Rc<dyn Fn(News)>) -> Result<Rc<Inner>, OpenError> {
    let (storage_news, heard_of_storage) = unbounded();
    let store = DeviceStore::open(database, hear_of_storage(subscriber.clone(), storage_news)).await?;
    let fresh = ids::device_id();
    let device_id = store.note_or(DEVICE_NOTE, fresh.to_string()).await?.parse().unwrap_or(fresh);
    let (signals, heard) = unbounded();
    let (keeper, parcels) = unbounded();
    let device = Rc::new(Inner {
        http: Http::default(),
        channel: join(signals.clone()),
        signals,
        device_id,
        view: RefCell::default(),
        photos: RefCell::default(),
        session: RefCell::default(),
        placed: RefCell::default(),
        restored: RefCell::default(),
        places: RefCell::default(),
        keeper,
        leader: RefCell::default(),
        is_leading: Cell::new(false),
        tab: ids::tab_name(),
        leading_tab: RefCell::default(),
        trimmed_at_ms: Cell::new(None),
        streams: RefCell::default(),
        // Nothing is known yet, and that is no reason to alarm anybody.
        is_server_reached: Cell::new(true),
        pulse: RefCell::default(),
        listeners: RefCell::default(),
        is_asking_to_keep_data: Cell::new(false),
        looked_for_newer_at_ms: Cell::new(clock::now_ms()),
        subscriber,
        store,
    });
    let session = device.store.session().await?;
    device.hold_the_store();
    device.adopt(session).await;
    spawn_local(follow::follow(Rc::downgrade(&device), heard));
    spawn_local(keeper::keep(Rc::downgrade(&device), parcels));
    spawn_local(storage::follow(Rc::downgrade(&device), heard_of_storage));
    device.go_on_behind();
    Ok(device)
}

/// How it stands is told at once, also while the device is still being opened; what is to be done about it waits for the device.
fn hear_of_storage(subscriber: Rc<dyn Fn(News)>, todo: UnboundedSender<StorageNews>) -> impl Fn(StorageNews) {
    move |news| {
        if let StorageNews::Stands(state) = &news {
            subscriber(News::Storage(state.clone()));
        }
        // Fails only when the device is gone.
        let _ = todo.unbounded_send(news);
    }
}

fn join(signals: UnboundedSender<Signal>) -> Channel {
    Channel::join(move |signal| {
        // Fails only when the device is gone.
        let _ = signals.unbounded_send(signal);
    })
}

impl Inner {
    /// What the first screen does not wait for.
    fn go_on_behind(self: &Rc<Self>) {
        self.listen_to_the_world();
        self.channel.tell(&Signal::WhoLeads);
        self.settle_owed_logout();
        spawn_local(update::register(Rc::downgrade(self)));
        let device = self.clone();
        spawn_local(async move {
            if let Some(user) = device.user_id() {
                // The page that signed them in may have ended before that. What does not open was told then.
                let _ = device.open_what_was_left(user).await;
            }
            device.ask_about_held();
            device.confirm_session().await;
            device.look_for_cleared_data().await;
        });
    }

    pub(super) fn close(&self) {
        self.stop_streams();
        self.listeners.borrow_mut().clear();
        self.pulse.borrow_mut().take();
        self.store.close();
    }
}
