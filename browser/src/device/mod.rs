//! The device as the screens see it: a view that changes at once, and everything behind it.
//!
//! [`taps`] judge and predict, [`keeper`] stores, [`pulse`] has it sent, [`follow`] brings in what other tabs, the
//! worker and the streams have stored, [`session`] changes who is signed in, [`resolve`] is for what was refused.
//!
//! **Invariant:** whatever is shown is in the store, or on its way there and taken back when it does not arrive.

mod export;
mod follow;
mod inspect;
mod keeper;
mod lists;
mod open;
mod photos;
mod pulse;
mod resolve;
mod session;
mod show;
mod storage;
mod taps;
mod update;

use crate::{
    channel::{Channel, Signal},
    clock,
    http::{Http, supervision::Docket},
    ids,
    leader::{Leader, StreamState},
    runs::WokenBy,
    scope::{self, Listener, Timer},
    store::{DeviceStore, Leaving, Session, StorageState, StoreError},
};
use domain::{DeviceId, Operation, RowId, Table, WriteId};
use futures::channel::{mpsc::UnboundedSender, oneshot};
use protocol::{PasswordChange, Problem, User};
use serde_json::{Map, Value as Json};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};
use sync::{LocalView, OutboxRecord, Photo, Place, SyncStatus, Touched, outbox::resolve as decisions};
use wasm_bindgen_futures::spawn_local;

/// One browser profile on one tablet. Cheap to clone.
#[derive(Clone)]
pub struct Device(Rc<Inner>);

/// What a screen may want to hear of.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// Rows, groups or tables look different.
    Touched(Touched),
    /// [`Device::status`] or the outbox may say something else.
    Status,
    /// [`Device::photos`] says something else.
    Photos,
    /// Somebody signed in or out, or the session has ended. Everything may look different.
    Session,
    /// Every table of this user is here for the first time.
    FirstSync,
    /// The browser could not store something; what it was has been taken back.
    StorageFailed(String),
    /// The storage stands differently ([`Device::storage`]). Comes before [`Device::open`] is done while that waits for another tab.
    Storage(StorageState),
    /// The browser had cleared the app's data while the app was open. What was not sent is stored again, and rows come again by themselves.
    StorageCleared {
        /// So many unsent changes would have been lost with it.
        restored: usize,
        /// So many photos that had not been sent are.
        photos_lost: usize,
    },
    /// Nobody is signed in here, and yet the server knows this browser: it has cleared the app's data while no page was open. What had not been
    /// sent is gone.
    FoundCleared,
    /// A newer version of the app is ready: [`Device::apply_update`].
    NewVersion,
}

/// The device could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer version of the app has been here. A browser that gives no storage is no such case: the device then works in memory.
    #[error("this browser does not let Turns keep data: {0}")]
    Storage(#[from] StoreError),
}

/// A tap that is not kept.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// The rules refuse it.
    #[error(transparent)]
    Refused(#[from] domain::Refusal),
    /// The browser could not store it.
    #[error("this change could not be kept: {0}")]
    Storage(#[from] StoreError),
}

pub use lists::Lists;
pub use photos::PhotoError;
pub use storage::StoragePromise;

struct Inner {
    store: DeviceStore,
    http: Http,
    channel: Channel,
    /// This device's own ear: a channel does not hear itself.
    signals: UnboundedSender<Signal>,
    device_id: DeviceId,
    view: RefCell<LocalView>,
    /// What is known of this user's photos.
    photos: RefCell<Vec<Photo>>,
    session: RefCell<Option<Session>>,
    /// Tables that have been here once.
    placed: RefCell<HashSet<Table>>,
    /// Tables whose rows were found without a place: stored again after the browser had cleared them.
    restored: RefCell<HashSet<Table>>,
    /// Up to where this tab has seen each table stored, by its own streams or when it was loaded.
    places: RefCell<HashMap<Table, Place>>,
    keeper: UnboundedSender<keeper::Parcel>,
    leader: RefCell<Option<Leader>>,
    is_leading: Cell<bool>,
    /// This tab, by a short name.
    tab: String,
    /// The tab that has said last that it leads.
    leading_tab: RefCell<Option<String>>,
    /// When this tab last looked for what has outlived its time in the history.
    trimmed_at_ms: Cell<Option<i64>>,
    /// How each stream of this tab stands.
    streams: RefCell<HashMap<Table, StreamState>>,
    is_server_reached: Cell<bool>,
    pulse: RefCell<Option<Timer>>,
    listeners: RefCell<Vec<Listener>>,
    /// The browser has been asked to keep the data, or is not to be asked by this page.
    is_asking_to_keep_data: Cell<bool>,
    /// When a newer version of the app was last looked for.
    looked_for_newer_at_ms: Cell<i64>,
    subscriber: Rc<dyn Fn(News)>,
}

/// Reading.
impl Device {
    /// Who is signed in on this device, also while the server does not know of it.
    pub fn user(&self) -> Option<User> {
        self.0.session.borrow().as_ref().map(|session| session.user.clone())
    }

    /// Reads the view.
    pub fn with_view<T>(&self, read: impl FnOnce(&LocalView) -> T) -> T {
        read(&self.0.view.borrow())
    }

    /// What the header says.
    pub fn status(&self) -> SyncStatus {
        SyncStatus {
            is_offline: !scope::is_online() || !self.0.is_server_reached.get(),
            needs_sign_in: self.0.session.borrow().as_ref().is_some_and(|session| session.has_ended),
            ..SyncStatus::of(self.0.view.borrow().writes()).with_photos(&*self.0.photos.borrow(), |photo| self.0.is_document_here(photo))
        }
    }

    /// This user's unsettled writes, in order.
    pub fn outbox(&self) -> Vec<OutboxRecord> {
        let mut records: Vec<_> = self.0.view.borrow().writes().cloned().collect();
        // What is shown but not stored yet is the latest.
        records.sort_by_key(|record| if record.seq == 0 { u64::MAX } else { record.seq });
        records
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        clock::now_ms()
    }

    /// Today where the tablet is.
    pub fn today(&self) -> domain::Date {
        clock::today()
    }

    /// An id for a row to be created.
    pub fn new_row_id(&self) -> RowId {
        ids::row_id()
    }
}

/// Changing.
impl Device {
    /// Opens the store, loads session, outbox and rows into the view, joins the other tabs, keeps the app for offline
    /// use and, when somebody is signed in, starts syncing.
    pub async fn open(subscriber: impl Fn(News) + 'static) -> Result<Self, OpenError> {
        Self::open_on(crate::store::DATABASE, subscriber).await
    }

    /// The same on a database of another name.
    pub async fn open_on(database: &str, subscriber: impl Fn(News) + 'static) -> Result<Self, OpenError> {
        Ok(Self(open::open(database, Rc::new(subscriber)).await?))
    }

    /// Lets go of everything that would outlive the device: lead, timers, listeners and the store.
    pub fn close(&self) {
        self.0.close();
    }

    /// Signs in. Without a network the problem is `UNAVAILABLE`.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<User, Problem> {
        self.0.sign_in(email, password).await
    }

    /// Changes the password of who is signed in. Every other session of theirs ends.
    pub async fn change_password(&self, change: &PasswordChange) -> Result<(), Problem> {
        self.0.change_password(change).await
    }

    /// Signs out and wipes the user's rows, without a network too. What was not sent stays for the day the same user comes back, sealed where
    /// the server has given a key, unless they give it up. What is being sent at this moment is waited for, a few seconds at most.
    pub async fn sign_out(&self, leaving: Leaving) -> Result<(), Problem> {
        self.0.sign_out(leaving).await
    }

    /// Checks the rules, predicts, and changes the view at once; storing goes on behind. Should it fail, the view goes
    /// back and [`News::StorageFailed`] tells.
    pub fn tap(&self, table: Table, row_id: RowId, operation: Operation, data: Map<String, Json>) -> Result<WriteId, domain::Refusal> {
        self.0.tap(table, row_id, operation, &data, None)
    }

    /// The same, done when the record is durable.
    pub async fn tap_durable(&self, table: Table, row_id: RowId, operation: Operation, data: Map<String, Json>) -> Result<WriteId, TapError> {
        let (tell, told) = oneshot::channel();
        let id = self.0.tap(table, row_id, operation, &data, Some(tell))?;
        told.await.unwrap_or(Err(StoreError::Closed))?;
        Ok(id)
    }

    /// Writes of others that wait for this supervisor.
    pub async fn held_writes(&self) -> Result<Docket, Problem> {
        self.0.http.held_writes().await
    }

    /// Adopts one; `version` is the row's that was looked at, where others have changed what the write changes.
    pub async fn adopt(&self, id: WriteId, version: Option<i64>) -> Result<(), Problem> {
        self.0.http.adopt(id, version).await
    }

    /// Refuses one; its author reads the reason.
    pub async fn refuse(&self, id: WriteId, reason: &str) -> Result<(), Problem> {
        self.0.http.refuse(id, reason).await
    }

    /// Sends what waits without its pauses.
    pub async fn retry_now(&self) {
        self.0.end_photo_pauses().await;
        self.0.resolve_for(WokenBy::Asked, decisions::retry_now).await;
    }

    /// Sends a refused write again as it is. Says, as the next ones do, whether anything came of it: the write may have been sent or decided
    /// about meanwhile.
    pub async fn send_again(&self, id: WriteId) -> bool {
        self.0.resolve(|records| decisions::send_again(records, id)).await
    }

    /// Lets one's own values stand over what somebody else has written, as far as this device knows it.
    pub async fn keep_mine(&self, id: WriteId) -> bool {
        self.0.decide(id, |records, server| decisions::keep_mine(records, id, server)).await
    }

    /// Lets what somebody else has written stand.
    pub async fn take_theirs(&self, id: WriteId) -> bool {
        let done = self.0.decide(id, |records, server| decisions::take_theirs(records, id, server)).await;
        self.0.forget_given_up_photos().await;
        done
    }

    /// Makes a row again that was deleted under an edit.
    pub async fn make_again(&self, id: WriteId) -> bool {
        let new_row = ids::row_id();
        self.0.decide(id, |records, _| decisions::make_again(records, id, new_row)).await
    }

    /// Sends a refused write again with other values: column → what is wanted. What the rules refuse stays parked; ask them before.
    pub async fn edit_and_resend(&self, id: WriteId, edited: &BTreeMap<String, Json>) -> bool {
        self.0
            .decide(id, |records, server| {
                decisions::edit_and_resend(records, id, server, edited).unwrap_or_default()
            })
            .await
    }

    /// Gives up a write, and what builds on it.
    pub async fn discard(&self, id: WriteId) -> bool {
        let done = self.0.resolve(|records| decisions::discard(records, id)).await;
        self.0.forget_given_up_photos().await;
        done
    }

    /// Lets a waiting version of the app take over, and loads the page anew.
    pub fn apply_update(&self) {
        spawn_local(update::apply());
    }
}

impl Inner {
    fn tell(&self, news: News) {
        (self.subscriber)(news);
    }

    /// Tells other tabs, and this one too.
    fn tell_all(&self, signal: &Signal) {
        self.channel.tell(signal);
        let _ = self.signals.unbounded_send(signal.clone());
    }

    /// Changes the view and tells what it touched. The view is free again when the subscriber hears of it.
    fn change(&self, change: impl FnOnce(&mut LocalView) -> Touched) {
        let touched = change(&mut self.view.borrow_mut());
        if touched != Touched::default() {
            self.tell(News::Touched(touched));
        }
    }

    fn user_id(&self) -> Option<domain::UserId> {
        self.session.borrow().as_ref().map(|session| session.user.id)
    }

    /// Whether a session is there that the server, as far as we know, accepts.
    fn is_signed_in(&self) -> bool {
        self.session.borrow().as_ref().is_some_and(Session::may_send)
    }

    fn stream_in_words(&self, table: Table) -> &'static str {
        match (self.is_signed_in(), self.is_leading.get()) {
            (false, _) => "waits for you to sign in",
            (true, true) => self.streams.borrow().get(&table).map_or("not begun", |state| state.how),
            (true, false) => "kept up to date by another tab",
        }
    }
}
