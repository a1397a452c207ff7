//! The device's storage in IndexedDB, for pages and the worker alike.
//!
//! It passes the same suite as the memory store (`sync::store::conformance`).
//!
//! **Invariant:** every method is one transaction, and inside it nothing is awaited but its own requests.

mod connection;
mod device_store;
mod error;
mod fold;
mod layout;
mod memory;
mod notes;
mod opening;
mod outbox;
mod photos;
mod records;
mod recovery;
mod rows;
mod seals;
mod session;
mod snapshot;
mod state;
mod text;
mod unsealing;

pub use connection::Happening;
pub use device_store::{DeviceStore, StorageNews};
pub use error::StoreError;
pub use layout::DATABASE;
pub use photos::NewPhoto;
pub use recovery::Holdings;
pub use seals::Leaving;
pub use session::{SESSION_NOTE, Session};
pub use state::StorageState;
pub use unsealing::Unsealed;

use connection::Connection;
use domain::{Row, RowId, Table, UserId, WriteId};
use sync::{Amendment, Applied, OutboxRecord, Place, ShapeBatch, Store, Stored};

/// See the module. Clones share one connection.
#[derive(Clone)]
pub struct IdbStore {
    connection: Connection,
    /// In whose session this handle reads and stores; in anybody's where it does not say.
    owner: Option<UserId>,
}

impl IdbStore {
    /// The database of this name, which its first use opens; the app's is [`DATABASE`].
    pub fn new(name: &str) -> Self {
        Self {
            connection: Connection::new(name),
            owner: None,
        }
    }

    /// The same, open.
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        let store = Self::new(name);
        store.reopen().await?;
        Ok(store)
    }

    /// Opens the database, if it is not open.
    pub async fn reopen(&self) -> Result<(), StoreError> {
        self.connection.open().await
    }

    /// The same storage, which neither shows the outbox nor shows or takes rows, with [`StoreError::NotOurs`], once this user is not signed in any more.
    pub fn on_behalf_of(&self, owner: UserId) -> Self {
        Self {
            owner: Some(owner),
            ..self.clone()
        }
    }

    /// The same storage in anybody's session.
    pub fn of_everybody(self) -> Self {
        Self { owner: None, ..self }
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        self.connection.name()
    }

    /// Calls `hear` with what becomes of the database under its connection.
    pub fn on_happening(&self, hear: impl Fn(Happening) + 'static) {
        self.connection.on_happening(hear);
    }

    /// Asks `holder` for what is to be stored again, should the browser clear the database while it is open.
    pub fn held_by(&self, holder: impl Fn() -> Holdings + 'static) {
        self.connection.held_by(holder);
    }

    /// Stores again what a page or its memory holds, where it is not there or older.
    pub async fn restore(&self, held: &Holdings) -> Result<(), StoreError> {
        self.connection.restore(held).await
    }

    /// Closes the connection; the next use opens another one.
    pub fn forget_connection(&self) {
        self.connection.forget();
    }

    /// Closes the connection of this handle and its clones.
    pub fn close(&self) {
        self.connection.close();
    }

    /// The note of this name, or `fresh` from now on.
    pub async fn note_or(&self, name: &str, fresh: String) -> Result<String, StoreError> {
        notes::note_or(&self.connection, name, fresh).await
    }

    /// Brings changed rows back into the records of many rows, if there are enough. Says whether there may be more.
    pub async fn fold(&self, table: Table) -> Result<bool, StoreError> {
        fold::fold(&self.connection, table).await
    }

    /// [`Store::enqueue`] for drafts of which nobody knows whether they were stored: each is stored once.
    pub async fn enqueue_again(&self, drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, StoreError> {
        outbox::enqueue_again(&self.connection, drafts).await
    }
}

impl Store for IdbStore {
    type Error = StoreError;

    async fn enqueue(&self, drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, StoreError> {
        outbox::enqueue(&self.connection, drafts).await
    }

    async fn outbox(&self) -> Result<Vec<Stored>, StoreError> {
        outbox::outbox(&self.connection, self.owner).await
    }

    async fn amend(&self, amendments: Vec<Amendment>) -> Result<bool, StoreError> {
        outbox::amend(&self.connection, amendments).await
    }

    async fn history(&self, most: usize) -> Result<Vec<OutboxRecord>, StoreError> {
        outbox::history(&self.connection, most).await
    }

    async fn forget_history(&self, ids: &[WriteId]) -> Result<(), StoreError> {
        outbox::forget_history(&self.connection, ids).await
    }

    async fn apply_shape(&self, batch: &ShapeBatch) -> Result<Applied, StoreError> {
        rows::apply_shape(&self.connection, self.owner, batch).await
    }

    async fn place(&self, table: Table) -> Result<Option<Place>, StoreError> {
        rows::place(&self.connection, table).await
    }

    async fn rows(&self, table: Table) -> Result<Option<Vec<Row>>, StoreError> {
        rows::rows(&self.connection, self.owner, table).await
    }

    async fn rows_by_id(&self, table: Table, ids: &[RowId]) -> Result<Option<Vec<Row>>, StoreError> {
        rows::rows_by_id(&self.connection, self.owner, table, ids).await
    }

    async fn forget_rows(&self) -> Result<(), StoreError> {
        rows::forget_rows(&self.connection).await
    }

    async fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        notes::note(&self.connection, name).await
    }

    async fn set_note(&self, name: &str, text: Option<&str>) -> Result<(), StoreError> {
        notes::set_note(&self.connection, name, text).await
    }
}
