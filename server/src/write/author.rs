//! Who writes, and what they may.
//!
//! **Invariant:** a row that the author does not see is refused before anything is said about it.

use super::intent::Intent;
use crate::{
    auth::{Session, accounts},
    db::entity::user,
    problem::{Failure, Result},
    web::client::Client,
};
use domain::{Operation, Role, Row, Table, UserId, Viewer};
use protocol::{Problem, ProblemCode};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The person behind a write, and where it came from.
#[derive(Clone, Debug)]
pub struct Author {
    /// The account and its role now.
    pub viewer: Viewer,
    /// As it stands on the screen.
    pub name: String,
    /// For the audit log.
    pub client: Client,
    /// Whose write it is that this one carries out in their place.
    pub on_behalf_of: Option<UserId>,
    /// Whether the account is closed: nothing of it is applied any more, unless a supervisor adopts it.
    pub is_closed: bool,
}

impl Author {
    /// The signed-in caller of a request.
    pub fn new(session: &Session, client: Client) -> Self {
        Self {
            viewer: session.viewer(),
            name: session.user.name.clone(),
            client,
            on_behalf_of: None,
            is_closed: false,
        }
    }

    /// Whose writes come in by another's hand, as the account stands now.
    pub fn of_account(account: user::Model, client: Client) -> Result<Self> {
        let is_closed = !account.is_active;
        let user = accounts::public(account)?;
        Ok(Self {
            viewer: user.viewer(),
            name: user.name,
            client,
            on_behalf_of: None,
            is_closed,
        })
    }

    /// The server itself, at work on its own account: nobody's id, from no network.
    pub fn server(task: &str) -> Self {
        Self {
            viewer: Viewer {
                user: UserId(Uuid::nil()),
                role: Role::Admin,
                vendor: None,
            },
            name: "Turns".to_owned(),
            client: Client {
                address: None,
                agent: Some(format!("turns-server {task}")),
            },
            on_behalf_of: None,
            is_closed: false,
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

    /// A row as answers show it to the author: without the columns that their role does not see.
    pub fn shown(&self, row: &Row) -> Map<String, Json> {
        let hidden = self.viewer.hidden(row.table());
        let mut shown = row.to_json();
        shown.retain(|column, _| !hidden.contains(&column.as_str()));
        shown
    }

    /// Refuses what the role may not do, whatever the row.
    pub fn require(&self, operation: Operation, table: Table) -> Result<()> {
        if self.is_closed {
            return Err(Failure::refused(ProblemCode::Permission, "this account is closed"));
        }
        if self.viewer.role.may(operation, table) {
            return Ok(());
        }
        Err(Failure::refused(
            ProblemCode::Permission,
            format!("your role may not do this to {}", table.url_name()),
        ))
    }

    /// Refuses columns that are not the role's to set.
    pub fn require_columns(&self, intent: &Intent) -> Result<()> {
        let is_foreign = |column: &&String| intent.table.column(column).is_some() && *column != "id" && !self.viewer.may_set(intent.table, column);
        let foreign: BTreeMap<String, String> = intent
            .data
            .keys()
            .filter(is_foreign)
            .map(|column| (column.clone(), "is not for your role to set".to_owned()))
            .collect();
        if foreign.is_empty() {
            return Ok(());
        }
        Err(Problem {
            fields: foreign,
            ..Problem::new(ProblemCode::Permission, "some of these values are not for your role to set")
        }
        .into())
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

    /// Refuses to change a row that the author sees but may only look at.
    pub fn require_touch(&self, operation: Operation, row: &Row) -> Result<()> {
        if self.viewer.may_touch(operation, row) {
            return Ok(());
        }
        Err(Failure::refused(
            ProblemCode::Permission,
            format!("this {} is somebody else’s to change", row.table().row_name()),
        ))
    }
}
