//! The outbox: one record per write, from the tap until its echo.
//!
//! **Invariant:** a record leaves the outbox only with a stored receipt, or because its user discarded it.

pub mod backoff;
pub mod delivery;
pub mod draft;
pub mod drain;
pub mod history;
pub mod judge;
pub mod line_up;
pub mod merge;
mod own_work;
mod parcel;
pub mod plan;
pub mod resolve;
pub mod settle;
mod upgrade;

use backoff::LONGEST_PAUSE_MS;
use domain::{DeviceId, Operation, RowId, Table, UserId, WriteId};
use protocol::{Problem, ProblemCode};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use upgrade::upgraded;

/// The version of the envelope that this app writes. Raise it with every change of [`OutboxRecord`]'s stored form
/// and add an upgrader of the one before; a test holds the form against the version.
pub const SCHEMA: u16 = 3;

/// One intent of one user on one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxRecord {
    /// [`SCHEMA`] when it was written.
    pub schema: u16,
    /// The idempotency key.
    pub write_id: WriteId,
    /// Whose write it is: nobody else on the tablet sees or sends it.
    pub user_id: UserId,
    /// Where it was made.
    pub device_id: DeviceId,
    /// Order on this device; given by the store, never by the clock.
    pub seq: u64,
    /// Which table.
    pub table: Table,
    /// Which row.
    pub row_id: RowId,
    /// What is done.
    pub operation: Operation,
    /// Column → what it was and what it shall be.
    pub changes: BTreeMap<String, Change>,
    /// What the author saw beside the changes, column → value: what the decision rests on, and what it takes to make the row
    /// again should somebody delete it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seen: BTreeMap<String, Json>,
    /// The version that the author saw, or that the write was merged with since; none for a create.
    pub base_version: Option<i64>,
    /// The server's version that the write was merged with: it holds changes that the view does not show
    /// before the shape has brought that version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebased_on: Option<i64>,
    /// The writes that this one builds on.
    pub depends_on: Vec<WriteId>,
    /// Milliseconds since 1970, by the device's clock: for people, never for order.
    pub made_at_ms: i64,
    /// Where it stands.
    pub state: WriteState,
    /// How often it was sent and not answered, or answered with a fault.
    pub attempts: u32,
    /// Whether it was sent and the server has not said what became of it since: it may be applied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unanswered: bool,
    /// Not before this, in milliseconds since 1970.
    pub next_attempt_at_ms: Option<i64>,
    /// What went wrong last.
    pub last_error: Option<Failure>,
    /// The server's stored answer.
    pub receipt: Option<Receipt>,
    /// How often the record was amended; two writers never overwrite each other.
    pub revision: u64,
}

/// Who makes a write, where, when and under which id: all made at the edge.
#[derive(Clone, Copy, Debug)]
pub struct Author {
    /// Whose write it is.
    pub user_id: UserId,
    /// On which device.
    pub device_id: DeviceId,
    /// A fresh id.
    pub write_id: WriteId,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

/// One column's change, in the JSON of writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What the author saw.
    pub from: Json,
    /// What the author wants.
    pub to: Json,
    /// Predicted by the device and decided by the server: shown in the overlay, never sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub predicted: bool,
}

/// Where a write stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WriteState {
    /// Waits to be sent.
    Pending,
    /// On its way; found at a start it means “ask again with the same id”.
    Sending,
    /// Applied by the server; its overlay stays until the shape has brought the row.
    Acked,
    /// Refused: waits for its user.
    Rejected,
    /// A write that it builds on is refused.
    Blocked,
    /// The server holds it for a supervisor, because its author has lost sight of the row since: it is asked about now and then.
    Held,
    /// Done; kept as history.
    Settled,
    /// Given up by its user; kept as history.
    Discarded,
}

/// What went wrong, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The server's problem, or `UNAVAILABLE` where it was not reached.
    pub problem: Problem,
    /// Milliseconds since 1970.
    pub at_ms: i64,
}

/// The server's stored answer to an applied write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The row's version after the write; none after a delete.
    pub version: Option<i64>,
    /// The transaction.
    pub txid: String,
    /// Whether this user's shapes will bring the row.
    pub in_shape: bool,
    /// When it reached the device, in milliseconds since 1970.
    pub received_at_ms: i64,
    /// How often since then the write's table was asked about, was up to date and had nothing new: no clock can say how long an echo
    /// has been awaited.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub quiet_looks: u32,
    /// Whether it came before the row that it deletes: that the row is not here says nothing then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub comes_before_row: bool,
}

/// A record as it lies in a store: perhaps written by an older or newer app.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// Understood.
    Record(Box<OutboxRecord>),
    /// Not understood by this version of the app: kept as it is, shown with its reason, in nobody's way.
    Unreadable {
        /// As stored.
        raw: Json,
        /// Why.
        reason: String,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Stored {
    /// Reads what a store holds, of whatever version.
    pub fn read(raw: Json) -> Self {
        let reason = match upgraded(raw.clone()).map(serde_json::from_value) {
            Some(Ok(record)) => return Self::Record(Box::new(record)),
            Some(Err(error)) => format!("this change cannot be read: {error}"),
            None if raw.get("schema").and_then(Json::as_u64) > Some(SCHEMA.into()) => "made by a newer version of Turns".to_owned(),
            None => "made by an unknown version of Turns".to_owned(),
        };
        Self::Unreadable { raw, reason }
    }

    /// The record, if it is understood.
    pub fn record(self) -> Option<OutboxRecord> {
        match self {
            Self::Record(record) => Some(*record),
            Self::Unreadable { .. } => None,
        }
    }
}

impl WriteState {
    /// Whether the view shows the write over the synced row.
    pub const fn is_overlaid(self) -> bool {
        matches!(self, Self::Pending | Self::Sending | Self::Acked)
    }

    /// Whether the server does not have it yet, and it will be sent by itself.
    pub const fn is_waiting(self) -> bool {
        matches!(self, Self::Pending | Self::Sending)
    }

    /// Whether its user must decide.
    pub const fn needs_user(self) -> bool {
        matches!(self, Self::Rejected | Self::Blocked)
    }

    /// Whether the drainer has something to do about it, now or when its pause is over: send it, or ask what a supervisor says.
    pub const fn concerns_drainer(self) -> bool {
        self.is_waiting() || matches!(self, Self::Held)
    }

    /// Whether the server may decide about it in its next answer: it is asked about again under its id.
    pub const fn is_asked_about(self) -> bool {
        matches!(self, Self::Sending | Self::Held)
    }

    /// Whether it lies on the device alone, so that its user may change it or give it up.
    pub const fn is_here(self) -> bool {
        matches!(self, Self::Pending | Self::Rejected | Self::Blocked)
    }

    /// Whether it is only history.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Settled | Self::Discarded)
    }
}

impl OutboxRecord {
    /// A new write, waiting to be sent, as it is before the store gives it its `seq`.
    pub fn new(author: Author, table: Table, row_id: RowId, operation: Operation) -> Self {
        Self {
            schema: SCHEMA,
            write_id: author.write_id,
            user_id: author.user_id,
            device_id: author.device_id,
            seq: 0,
            table,
            row_id,
            operation,
            changes: BTreeMap::new(),
            seen: BTreeMap::new(),
            base_version: None,
            rebased_on: None,
            depends_on: Vec::new(),
            made_at_ms: author.now_ms,
            state: WriteState::Pending,
            attempts: 0,
            is_unanswered: false,
            next_attempt_at_ms: None,
            last_error: None,
            receipt: None,
            revision: 0,
        }
    }

    /// Whether an acknowledged write's echo has been seen, so that its overlay may go.
    ///
    /// `synced` is the row as the shape has brought it; `left` says that it has just gone from the shape.
    pub fn is_echoed(&self, synced: Option<&domain::Row>, left: bool) -> bool {
        let Some(receipt) = self.receipt.as_ref().filter(|_| self.state == WriteState::Acked) else {
            return false;
        };
        match (synced, receipt.version) {
            _ if !receipt.in_shape || left => true,
            (Some(row), Some(version)) => row.version() >= version,
            (None, None) => !receipt.comes_before_row,
            // A row that was here and is not any more, or one whose insert is still on its way: time tells.
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    /// Whether it is acknowledged and its row will still come: where the table has not come yet, that the row is not there says nothing.
    pub fn awaits_echo(&self) -> bool {
        self.state == WriteState::Acked && self.receipt.as_ref().is_some_and(|receipt| receipt.in_shape)
    }

    /// Whether the server has refused it because its row is not there any more. The row is not shown again until the shape has brought that, too: what
    /// its user had removed would come back for a moment.
    pub fn has_lost_its_row(&self) -> bool {
        let code = self.last_error.as_ref().map(|failure| failure.problem.code);
        self.state == WriteState::Rejected && code == Some(ProblemCode::NotFound)
    }

    /// Until when it is not to be sent, in milliseconds since 1970; none where it may go.
    ///
    /// The clock may have been set back, by a year even: a pause that would be longer than any that is ever made is over.
    pub fn paused_until(&self, now_ms: i64) -> Option<i64> {
        let is_pause = |at_ms: &i64| (1..=LONGEST_PAUSE_MS).contains(&at_ms.saturating_sub(now_ms));
        self.next_attempt_at_ms.filter(is_pause)
    }

    /// The same record, to be stored again in a database that has lost it. What was amended there, and not heard of everywhere yet, must not be taken
    /// for what is amended from now on: so its revision is one that the lost one cannot have had.
    #[must_use]
    pub fn stored_again(mut self) -> Self {
        self.revision += 1 << 20;
        self
    }

    /// The same record in another state.
    #[must_use]
    pub fn in_state(mut self, state: WriteState) -> Self {
        self.state = state;
        self
    }
}
