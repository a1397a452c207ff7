//! The stored answers to applied writes.
//!
//! **Invariant:** an applied write's answer never changes: not when its row does, not in any later version of
//! this program. Refusals are not stored: a write, mended, may come again under its id.

use super::{author::Author, decide::Decision, intent::Intent};
use crate::{
    db::{Unit, entity::receipt},
    problem::{Failure, Result},
};
use domain::{Row, Timestamp};
use protocol::{ProblemCode, WriteAnswer};
use sea_orm::{DbErr, prelude::TextUuid};
use serde_json::{Map, Value as Json, value::RawValue};

/// A write's stored answer, as it was sent.
pub type Answer = Box<RawValue>;

/// The answer to a write that was applied before; a refusal where its id was used for something else.
pub async fn replay(unit: &mut Unit, author: &Author, intent: &Intent) -> Result<Option<Answer>> {
    let Some(receipt) = unit.receipt(intent.write_id).await? else {
        return Ok(None);
    };
    if receipt.user_id.0 != author.user().0 || receipt.content_digest != intent.digest() {
        return Err(Failure::refused(
            ProblemCode::Validation,
            "this writeId was used for another write; nothing was applied",
        ));
    }
    stored(receipt).map(Some)
}

/// A stored answer.
pub fn stored(receipt: &receipt::Model) -> Result<Answer> {
    raw(receipt.answer.clone())
}

/// Stores and gives the answer to a write that has just been applied.
pub async fn store(unit: &mut Unit, author: &Author, intent: &Intent, decision: &Decision, at: Timestamp) -> Result<Answer> {
    let shown = decision.after.as_ref().map(|row| author.shown(row));
    keep(unit, author, intent, decision, shown, at).await
}

/// The same where a supervisor has carried the write out: its author learns of the row only as far as they see it by now.
pub async fn store_adopted(unit: &mut Unit, author: &Author, intent: &Intent, decision: &Decision, at: Timestamp) -> Result<Answer> {
    let seen = decision.after.as_ref().filter(|row| author.sees(row) && !author.is_closed);
    keep(unit, author, intent, decision, seen.map(|row| author.shown(row)), at).await
}

async fn keep(unit: &mut Unit, author: &Author, intent: &Intent, decision: &Decision, shown: Option<Map<String, Json>>, at: Timestamp) -> Result<Answer> {
    let Decision { before, after } = decision;
    let version = after.as_ref().map(Row::version);
    let txid = unit.position().await?.to_string();
    let is_in_shape = after.as_ref().or(before.as_ref()).is_some_and(|row| author.sees(row));
    let answer = WriteAnswer::applied(intent.write_id, intent.table, shown, version, txid, is_in_shape);
    let answer = serde_json::to_string(&answer).map_err(|error| DbErr::Json(error.to_string()))?;
    unit.put_receipt(receipt::Model {
        write_id: TextUuid(intent.write_id.0),
        user_id: TextUuid(author.user().0),
        content_digest: intent.digest(),
        table_name: intent.table.sql_name().to_owned(),
        row_id: TextUuid(intent.row_id.0),
        base_version: intent.version,
        version,
        answer: answer.clone(),
        at: at.micros(),
    });
    raw(answer)
}

fn raw(answer: String) -> Result<Answer> {
    RawValue::from_string(answer).map_err(|error| DbErr::Json(error.to_string()).into())
}
