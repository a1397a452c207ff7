//! The device as the screens see it: a view that changes at once, and everything behind it.
//!
//! **Invariant:** whatever is shown is in the store, or on its way there and taken back when it does not arrive.

use domain::{Operation, RowId, Table, WriteId};
use protocol::{Problem, ProblemCode, User};
use serde_json::{Map, Value as Json};
use std::{cell::RefCell, rc::Rc};
use sync::{LocalView, OutboxRecord, SyncStatus, Touched};

/// One browser profile on one tablet. Cheap to clone.
#[derive(Clone)]
pub struct Device(Rc<Inner>);

struct Inner {
    view: RefCell<LocalView>,
}

/// What a screen may want to hear of.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// Rows, groups or tables look different.
    Touched(Touched),
    /// [`Device::status`] or the outbox may say something else.
    Status,
    /// Somebody signed in or out, or the session has ended.
    Session,
    /// Every table of this user is here for the first time.
    FirstSync,
    /// The browser could not store something; what it was has been taken back.
    StorageFailed(String),
    /// A newer version of the app is ready: [`Device::apply_update`].
    NewVersion,
}

/// The device could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The browser gives no storage (private windows of some browsers, a full disk).
    #[error("this browser does not let Turns keep data: {0}")]
    Storage(String),
}

/// A tap that is not kept.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// The rules refuse it.
    #[error(transparent)]
    Refused(#[from] domain::Refusal),
    /// The browser could not store it.
    #[error("this change could not be kept: {0}")]
    Storage(String),
}

impl Device {
    /// Opens the store, loads session, outbox and rows into the view, joins the other tabs and, when somebody is signed in, starts syncing.
    pub async fn open(_subscriber: impl Fn(News) + 'static) -> Result<Self, OpenError> {
        Ok(Self(Rc::new(Inner { view: RefCell::default() })))
    }

    /// Who is signed in on this device, also while the server does not know of it.
    pub fn user(&self) -> Option<User> {
        None
    }

    /// Signs in. Without a network the problem is `UNAVAILABLE`.
    pub async fn sign_in(&self, _email: &str, _password: &str) -> Result<User, Problem> {
        Err(Problem::new(ProblemCode::Unavailable, "not yet"))
    }

    /// Signs out and wipes the user's rows. What was not sent stays for the day the same user comes back.
    pub async fn sign_out(&self) -> Result<(), Problem> {
        Ok(())
    }

    /// Reads the view.
    pub fn with_view<T>(&self, read: impl FnOnce(&LocalView) -> T) -> T {
        read(&self.0.view.borrow())
    }

    /// Checks the rules, predicts, and changes the view at once; storing goes on behind. Should it fail, the view goes
    /// back and [`News::StorageFailed`] tells.
    pub fn tap(&self, _table: Table, _row_id: RowId, _operation: Operation, _data: Map<String, Json>) -> Result<WriteId, domain::Refusal> {
        Err(domain::mutation::field("id", "not yet".to_owned()))
    }

    /// The same, done when the record is durable.
    pub async fn tap_durable(&self, table: Table, row_id: RowId, operation: Operation, data: Map<String, Json>) -> Result<WriteId, TapError> {
        Ok(self.tap(table, row_id, operation, data)?)
    }

    /// An id for a row to be created.
    pub fn new_row_id(&self) -> RowId {
        RowId(uuid::Uuid::nil())
    }

    /// What the header says.
    pub fn status(&self) -> SyncStatus {
        SyncStatus::of(self.0.view.borrow().writes())
    }

    /// This user's unsettled writes, in order.
    pub fn outbox(&self) -> Vec<OutboxRecord> {
        Vec::new()
    }

    /// Envelopes that this version of the app cannot read: why, and as stored.
    pub async fn unreadable(&self) -> Vec<(String, Json)> {
        Vec::new()
    }

    /// This user's writes that are over, the latest first.
    pub async fn history(&self, _most: usize) -> Vec<OutboxRecord> {
        Vec::new()
    }

    /// Sends what waits without its pauses.
    pub async fn retry_now(&self) {}

    /// Sends a refused write again as it is.
    pub async fn send_again(&self, _id: WriteId) {}

    /// Gives up a write, and what builds on it.
    pub async fn discard(&self, _id: WriteId) {}

    /// Whether every table of this user has been here once.
    pub fn first_sync_done(&self) -> bool {
        false
    }

    /// This user's tables: how many rows are shown, and how the stream stands, in words.
    pub fn tables(&self) -> Vec<(Table, usize, String)> {
        Vec::new()
    }

    /// Whether this tab runs the streams.
    pub fn is_leader(&self) -> bool {
        false
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        0
    }

    /// Today where the tablet is.
    pub fn today(&self) -> domain::Date {
        domain::Timestamp::from_millis(0).date_utc()
    }

    /// Lets a waiting version of the app take over, and loads the page anew.
    pub fn apply_update(&self) {}
}
