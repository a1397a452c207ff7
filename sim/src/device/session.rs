//! Who is signed in on a device, as its session note has it (`browser/src/store/session.rs`).
//!
//! **Invariant:** all rows on the disk belong to the user of the session note.

use crate::server::SignedIn;
use domain::Table;
use protocol::User;

/// The session as the device knows it; it outlives the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who is signed in.
    pub user: User,
    /// URL names of the tables that this user syncs.
    pub shapes: Vec<String>,
    /// The server has said that the session is over: local work goes on, syncing waits.
    pub has_ended: bool,
}

impl Session {
    /// A session that the server has just confirmed.
    pub fn new(signed_in: SignedIn) -> Self {
        Self {
            user: signed_in.user,
            shapes: signed_in.shapes,
            has_ended: false,
        }
    }

    /// Whether the server, as far as is known, takes writes under it.
    pub const fn may_send(&self) -> bool {
        !self.has_ended && !self.user.must_change_password
    }

    /// The tables to sync, parents first.
    pub fn tables(&self) -> Vec<Table> {
        let is_followed = |table: &Table| self.shapes.iter().any(|name| name == table.url_name());
        Table::ALL.into_iter().filter(is_followed).collect()
    }

    /// Rows that came for the other session may stay for this one.
    pub fn shares_rows_with(&self, other: &Self) -> bool {
        self.user.id == other.user.id && self.user.role == other.user.role && self.shapes == other.shapes
    }
}
