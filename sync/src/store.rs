//! What a device keeps, as a trait: memory for tests and as a fallback, IndexedDB in the browser.
//!
//! One conformance suite ([`conformance`]) runs on every store.
//!
//! **Invariant:** each method is one transaction: after a crash all of it is there, or nothing.

pub mod block;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod memory;

use crate::{
    outbox::{OutboxRecord, Stored, WriteState},
    shape_stream::{Place, ShapeBatch},
};
use domain::{Row, RowId, Table, WriteId};
use std::fmt::Display;

/// A record as it shall stand, and the revision that it was derived from.
#[derive(Clone, Debug, PartialEq)]
pub struct Amendment {
    /// The record's revision when it was read.
    pub expected_revision: u64,
    /// What shall stand; its own revision is one higher.
    pub record: OutboxRecord,
}

/// What storing a shape batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Writes whose echo it brought: they are history now.
    pub settled: Vec<WriteId>,
    /// It would change a row that is not here, or go on with a table that has no place: the stream has lost something and must begin again.
    /// Nothing was stored.
    pub has_gap: bool,
}

/// The device's storage.
#[expect(async_fn_in_trait, reason = "browser futures are not Send, and nobody needs them to be")]
pub trait Store {
    /// Why the storage failed.
    type Error: Display;

    /// Adds new records and gives each the next `seq`. Durable when it returns.
    async fn enqueue(&self, drafts: Vec<OutboxRecord>) -> Result<Vec<OutboxRecord>, Self::Error>;

    /// Everything that is not over, of every user, in order of `seq`; unreadable records last.
    async fn outbox(&self) -> Result<Vec<Stored>, Self::Error>;

    /// Replaces records, all or none. `false`: one of them was amended by somebody else meanwhile, and nothing is changed.
    /// A record that is acknowledged and whose echo is here already, or that is discarded, becomes history. That a row is not here is no echo
    /// while its table has not come, or its log is half read: on the next page the row may be back.
    async fn amend(&self, amendments: Vec<Amendment>) -> Result<bool, Self::Error>;

    /// What is over, the latest first.
    async fn history(&self, most: usize) -> Result<Vec<OutboxRecord>, Self::Error>;

    /// Removes these writes from the history; what is not over stays. [`crate::outbox::history`] says which.
    async fn forget_history(&self, ids: &[WriteId]) -> Result<(), Self::Error>;

    /// Stores rows and the place in the log together, and settles the acknowledged writes whose echo they are. Where something
    /// is missing it stores nothing: a place behind a gap would be gone on from after a crash, and the gap stay for ever.
    async fn apply_shape(&self, batch: &ShapeBatch) -> Result<Applied, Self::Error>;

    /// Where a table's stream goes on; `None` before the first sync.
    async fn place(&self, table: Table) -> Result<Option<Place>, Self::Error>;

    /// All synced rows of a table. `None` where nothing of it is here, or not any more: that says nothing about what there is.
    async fn rows(&self, table: Table) -> Result<Option<Vec<Row>>, Self::Error>;

    /// Some synced rows; those that are not here are left out. `None` where the table is not here, or not any more: that a row is missing
    /// says nothing then.
    async fn rows_by_id(&self, table: Table, ids: &[RowId]) -> Result<Option<Vec<Row>>, Self::Error>;

    /// Forgets all synced rows and places, as at sign-out. Outbox and history stay.
    async fn forget_rows(&self) -> Result<(), Self::Error>;

    /// A small text kept by name (session, device id).
    async fn note(&self, name: &str) -> Result<Option<String>, Self::Error>;

    /// Keeps or removes a note.
    async fn set_note(&self, name: &str, text: Option<&str>) -> Result<(), Self::Error>;
}

impl Amendment {
    /// An amended copy of a record that was read from the store.
    pub fn of(mut record: OutboxRecord) -> Self {
        let expected_revision = record.revision;
        record.revision += 1;
        Self { expected_revision, record }
    }

    /// The record as it is to be stored, given the synced row: echoed ones are settled.
    pub fn resolve(self, synced: Option<&Row>) -> OutboxRecord {
        if self.record.is_echoed(synced, false) {
            self.record.in_state(WriteState::Settled)
        } else {
            self.record
        }
    }
}
