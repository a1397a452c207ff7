//! Whose rows a report may hold.
//!
//! **Invariant:** wider than the shapes in time only (finished turns are in), never in whose homes they are; but an
//! approver, whose shape holds what awaits a decision, decides on the portfolio's money and reads all of it.

use crate::problem::{Failure, Result};
use domain::{Role, UserId, Viewer, permission::Reach};
use protocol::ProblemCode;

/// The homes, and the turns of these homes, that a person's reports are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole portfolio.
    Everything,
    /// Rows whose column names this person.
    Managed {
        /// `property_manager_id` or `sr_property_manager_id`.
        column: &'static str,
        /// Whom.
        by: UserId,
    },
}

impl Scope {
    /// What a person's role gives them; those who work in the homes get no reports.
    pub fn of(viewer: &Viewer) -> Result<Self> {
        match viewer.role.reports() {
            Reach::Everything => Ok(Self::Everything),
            Reach::Own => Ok(Self::Managed {
                column: if viewer.role == Role::SrPropertyManager {
                    "sr_property_manager_id"
                } else {
                    "property_manager_id"
                },
                by: viewer.user,
            }),
            Reach::Nothing => Err(Failure::refused(
                ProblemCode::Permission,
                "reports are for managers, approvers and administrators",
            )),
        }
    }
}
