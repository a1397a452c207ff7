//! What the device does about its storage: says what it holds should the database go away, and goes on when it has.
//!
//! **Invariant:** what the screen shows as waiting is in the store again before anybody reads from a new one.

use super::{Inner, News, open::DEVICE_NOTE, session::OWED_LOGOUT_NOTE};
use crate::{
    clock,
    http::Confirmation,
    persistence,
    runs::WokenBy,
    scope,
    store::{DeviceStore, Holdings, SESSION_NOTE, StorageNews, StorageState},
};
use domain::{Row, RowId, Table};
use futures::{StreamExt, channel::mpsc::UnboundedReceiver};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    rc::{Rc, Weak},
};
use sync::{LocalView, Store};
use wasm_bindgen_futures::spawn_local;

/// How often a storage that failed is tried again.
const RETURN_EVERY_MS: i64 = 60_000;

/// When the browser was asked not to clear the app's data when space is short, and what it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoragePromise {
    /// Milliseconds since 1970.
    pub asked_at_ms: i64,
    /// Whether it promised.
    pub granted: bool,
}

impl StoragePromise {
    pub(super) const NOTE: &str = "storage-promise";

    pub(super) async fn read(store: &DeviceStore) -> Option<Self> {
        let text = store.note(Self::NOTE).await.ok()??;
        serde_json::from_str(&text).ok()
    }
}

/// Runs as long as the device.
pub(super) async fn follow(device: Weak<Inner>, mut inbox: UnboundedReceiver<StorageNews>) {
    while let Some(news) = inbox.next().await {
        let Some(device) = device.upgrade() else { return };
        match news {
            StorageNews::Stands(StorageState::MemoryOnly { .. }) => spawn_local(return_in_time(Rc::downgrade(&device))),
            StorageNews::Stands(_) => {}
            // Whatever is the matter is told by whoever meets it next.
            StorageNews::Lost => drop(device.store.look_again().await),
            StorageNews::Cleared { restored } => {
                // Nobody holds what photos are made of.
                let photos_lost = device.photos.borrow().iter().filter(|photo| photo.is_unsent()).count();
                device.tell(News::StorageCleared { restored, photos_lost });
                device.go_on_with_new_storage().await;
            }
            StorageNews::Moved => device.go_on_with_new_storage().await,
        }
    }
}

/// Tries until the disk has it all.
async fn return_in_time(device: Weak<Inner>) {
    loop {
        scope::sleep(RETURN_EVERY_MS).await;
        let Some(device) = device.upgrade() else { return };
        if device.return_to_disk().await {
            return;
        }
    }
}

impl Inner {
    /// Tries to leave the memory; says whether the storage lies on the disk now.
    pub(super) async fn return_to_disk(&self) -> bool {
        self.store.try_to_return().await.unwrap_or(false)
    }

    /// Has the storage ask this device what is to be stored again.
    pub(super) fn hold_the_store(self: &Rc<Self>) {
        let device = Rc::downgrade(self);
        self.store.held_by(move || device.upgrade().map(|device| device.holdings()).unwrap_or_default());
    }

    fn holdings(&self) -> Holdings {
        let session = self.session.borrow().as_ref().and_then(|session| serde_json::to_string(session).ok());
        let mut notes = vec![(DEVICE_NOTE, self.device_id.to_string())];
        notes.extend(session.map(|text| (SESSION_NOTE, text)));
        let view = self.view.borrow();
        // What has no number yet is with the keeper, who stores it.
        let mut writes: Vec<_> = view.writes().filter(|record| record.seq != 0).cloned().collect();
        writes.sort_by_key(|record| record.seq);
        Holdings {
            notes,
            writes,
            rows: synced_rows(&view),
        }
    }

    /// The streams begin at the places of the storage as it is now, and the outbox is shown as it stands there.
    async fn go_on_with_new_storage(self: &Rc<Self>) {
        self.stop_streams();
        self.start_streams();
        self.reload_session().await;
        self.reload_outbox().await;
        self.reload_photos().await;
        self.beat(WokenBy::Start);
    }

    /// A browser that clears the app's data while no page is open leaves its cookie: so the server knows somebody of whom nothing lies here. Who
    /// has signed out without a network owes the server the news, and has cleared nothing.
    pub(super) async fn look_for_cleared_data(&self) {
        for note in [SESSION_NOTE, OWED_LOGOUT_NOTE] {
            // A session that only another version of the app can read is no cleared one.
            if self.store.is_in_memory() || !matches!(self.store.note(note).await, Ok(None)) {
                return;
            }
        }
        if matches!(self.http.session().await, Confirmation::SignedIn(_)) && self.session.borrow().is_none() {
            self.tell(News::FoundCleared);
        }
    }

    /// Asks the browser not to clear the app's data, the first time since sign-in that there is something to be kept.
    pub(super) fn ask_to_keep_data(self: &Rc<Self>) {
        let device = self.clone();
        spawn_local(async move {
            let is_asked = device.is_asking_to_keep_data.replace(true) || StoragePromise::read(&device.store).await.is_some();
            if is_asked || device.store.is_in_memory() {
                return;
            }
            let promise = StoragePromise {
                granted: persistence::is_persisted().await || persistence::ask().await,
                asked_at_ms: clock::now_ms(),
            };
            device.store.note_persisted(promise.granted);
            // Should it not be kept, the browser is asked once more than it need be.
            let _ = device
                .store
                .set_note(StoragePromise::NOTE, serde_json::to_string(&promise).ok().as_deref())
                .await;
        });
    }
}

/// The rows under the overlay: those that are shown, and those that a write hides.
fn synced_rows(view: &LocalView) -> Vec<Row> {
    let shown = Table::ALL.into_iter().flat_map(|table| view.rows(table).map(move |row| (table, row.id())));
    let written = view.writes().map(|record| (record.table, record.row_id));
    let named: BTreeSet<(Table, RowId)> = shown.chain(written).collect();
    named.into_iter().filter_map(|(table, id)| view.synced_row(table, id).cloned()).collect()
}
