//! The device's storage in IndexedDB, for pages and the worker alike.
//!
//! It passes the same suite as the memory store (`sync::store::conformance`).
//!
//! **Invariant:** every method is one transaction, and inside it nothing is awaited but its own requests.

mod connection;
mod error;
mod layout;
mod notes;
mod outbox;
mod records;
mod rows;
mod session;
mod snapshot;
mod text;

pub use error::StoreError;
pub use layout::DATABASE;
pub use session::Session;

use connection::Connection;
use domain::{Row, RowId, Table, UserId};
use sync::{Amendment, Applied, OutboxRecord, Place, ShapeBatch, Store, Stored};

/// See the module. Clones share one connection.
#[derive(Clone)]
pub struct IdbStore {
    connection: Connection,
    /// Whose rows this handle may store; anybody's where it does not say.
    owner: Option<UserId>,
}

impl IdbStore {
    /// Opens the database of this name; the app's is [`DATABASE`].
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        Ok(Self {
            connection: Connection::open(name).await?,
            owner: None,
        })
    }

    /// The same storage, which refuses rows with [`StoreError::NotOurs`] once this user is not signed in any more.
    pub fn for_rows_of(&self, owner: UserId) -> Self {
        Self {
            owner: Some(owner),
            ..self.clone()
        }
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        self.connection.name()
    }

    /// Calls `tell` when a newer version of the app needs the database, and this connection has therefore closed.
    pub fn on_superseded(&self, tell: impl Fn() + 'static) {
        self.connection.on_superseded(tell);
    }

    /// Closes the connection of this handle and its clones.
    pub fn close(&self) {
        self.connection.close();
    }

    /// The note of this name, or `fresh` from now on.
    pub async fn note_or(&self, name: &str, fresh: String) -> Result<String, StoreError> {
        notes::note_or(&self.connection, name, fresh).await
    }
}

impl Store for IdbStore {
    type Error = StoreError;

    async fn enqueue(&self, drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, StoreError> {
        outbox::enqueue(&self.connection, drafts).await
    }

    async fn outbox(&self) -> Result<Vec<Stored>, StoreError> {
        outbox::outbox(&self.connection).await
    }

    async fn amend(&self, amendments: Vec<Amendment>) -> Result<bool, StoreError> {
        outbox::amend(&self.connection, amendments).await
    }

    async fn history(&self, most: usize) -> Result<Vec<OutboxRecord>, StoreError> {
        outbox::history(&self.connection, most).await
    }

    async fn trim_history(&self, made_before_ms: i64) -> Result<(), StoreError> {
        outbox::trim_history(&self.connection, made_before_ms).await
    }

    async fn apply_shape(&self, batch: &ShapeBatch) -> Result<Applied, StoreError> {
        rows::apply_shape(&self.connection, self.owner, batch).await
    }

    async fn place(&self, table: Table) -> Result<Option<Place>, StoreError> {
        rows::place(&self.connection, table).await
    }

    async fn rows(&self, table: Table) -> Result<Vec<Row>, StoreError> {
        rows::rows(&self.connection, table).await
    }

    async fn rows_by_id(&self, table: Table, ids: &[RowId]) -> Result<Vec<Row>, StoreError> {
        rows::rows_by_id(&self.connection, table, ids).await
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
