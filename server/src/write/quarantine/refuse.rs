//! A supervisor refuses a held write, and says why.
//!
//! **Invariant:** what is refused is told to its author with the reason, and stays in the audit log; nothing of it is applied.

use super::{
    docket::{self, Waiting},
    tell,
};
use crate::{
    audit::{self, Note},
    db::{
        Db,
        entity::quarantine::{self, REFUSED},
    },
    problem::{Failure, Result},
    web::fields::WrongFields,
    write::{Author, carry_out::Hand},
};
use domain::{Timestamp, WriteId};
use protocol::ProblemCode;
use serde_json::json;

/// As long as a reason may be.
pub const MAX_REASON_CHARS: usize = 1_000;

/// Refuses a held write. Refused again, nothing happens: the first reason stands.
pub async fn refuse(db: &Db, supervisor: &Author, id: WriteId, reason: &str, at: Timestamp) -> Result<()> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON_CHARS || reason.contains('\0') {
        return Err(WrongFields::only("reason", format!("must be text of 1 to {MAX_REASON_CHARS} characters")));
    }
    let mut unit = db.unit().await?;
    let Waiting { held, subject } = docket::find(&mut unit, supervisor, id).await?;
    if unit.receipt(id).await?.is_some() {
        return Err(Failure::refused(ProblemCode::Conflict, "this has been applied already"));
    }
    if held.model.state == REFUSED {
        return Ok(());
    }
    quarantine::decide(&**unit, &held.model, REFUSED, supervisor.user(), Some(reason), at).await?;
    let entry = Note {
        by: Some(supervisor.viewer),
        client: &supervisor.client,
        table: "quarantine",
        row_id: id.0,
        on_behalf_of: Some(held.author),
        operation: "refuse",
        old: None,
        new: Some(json!({"table": held.intent.table.sql_name(), "row_id": held.intent.row_id, "reason": reason})),
    };
    audit::note(&**unit, entry, at).await?;
    let hand = Hand {
        author: supervisor,
        write_id: Some(id),
        at,
    };
    tell::author(&mut unit, hand, &held, subject.as_ref(), "refused", Some(reason)).await?;
    unit.commit().await
}
