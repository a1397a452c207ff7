//! Who writes, and what they may.
//!
//! **Invariant:** a row that the author does not see is refused before anything is said about it.

use crate::{
    auth::Session,
    problem::{Failure, Result},
    web::client::Client,
};
use domain::{Operation, Row, Table, UserId, Viewer};
use protocol::ProblemCode;

/// The person behind a write, and where it came from.
#[derive(Clone, Debug)]
pub struct Author {
    /// The account and its role now.
    pub viewer: Viewer,
    /// For the audit log.
    pub client: Client,
}

impl Author {
    /// The signed-in caller of a request.
    pub fn new(session: &Session, client: Client) -> Self {
        Self {
            viewer: session.viewer(),
            client,
        }
    }

    /// The account.
    pub fn user(&self) -> UserId {
        self.viewer.user
    }

    /// Whether the author sees a row.
    pub fn sees(&self, row: &Row) -> bool {
        self.viewer.sees(row.table()).admits(row)
    }

    /// Refuses what the role may not do, whatever the row.
    pub fn require(&self, operation: Operation, table: Table) -> Result<()> {
        if self.viewer.role.may(operation, table) {
            return Ok(());
        }
        Err(Failure::refused(
            ProblemCode::Permission,
            format!("your role may not do this to {}", table.url_name()),
        ))
    }

    /// Refuses a row that is somebody else's.
    pub fn require_sight(&self, row: &Row) -> Result<()> {
        if self.sees(row) {
            return Ok(());
        }
        Err(Failure::refused(
            ProblemCode::Permission,
            format!("this {} is not one of yours", row.table().row_name()),
        ))
    }
}
