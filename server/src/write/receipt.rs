//! The stored answers to applied writes.
//!
//! **Invariant:** an applied write's answer never changes: not when its row does, not in any later version of
//! this program. Refusals are not stored: a write, mended, may come again under its id.

use super::{author::Author, intent::Intent};
use crate::{
    db::{Transaction, entity::receipt},
    problem::{Failure, Result},
};
use domain::{Row, Timestamp, WriteId};
use protocol::{ProblemCode, WriteAnswer};
use sea_orm::{DbErr, EntityTrait, IntoActiveModel, prelude::TextUuid};
use serde_json::value::RawValue;

/// A write's stored answer, as it was sent.
pub type Answer = Box<RawValue>;

/// The receipt of a write, whoever's it is.
pub async fn find(tx: &Transaction, write_id: WriteId) -> Result<Option<receipt::Model>> {
    Ok(receipt::Entity::find_by_id(TextUuid(write_id.0)).one(&**tx).await?)
}

/// The answer to a write that was applied before; a refusal where its id was used for something else.
pub async fn replay(tx: &Transaction, author: &Author, intent: &Intent) -> Result<Option<Answer>> {
    let Some(receipt) = find(tx, intent.write_id).await? else { return Ok(None) };
    if receipt.user_id.0 != author.user().0 || receipt.content_digest != intent.digest() {
        return Err(Failure::refused(
            ProblemCode::Validation,
            "this writeId was used for another write; nothing was applied",
        ));
    }
    raw(receipt.answer).map(Some)
}

/// Stores and gives the answer to a write that has just been applied.
pub async fn store(tx: &mut Transaction, author: &Author, intent: &Intent, before: Option<&Row>, after: Option<&Row>, at: Timestamp) -> Result<Answer> {
    let version = after.map(Row::version);
    let txid = tx.position().await?.to_string();
    let is_in_shape = after.or(before).is_some_and(|row| author.sees(row));
    let answer = WriteAnswer::applied(intent.write_id, intent.table, after.map(Row::to_json), version, txid, is_in_shape);
    let answer = serde_json::to_string(&answer).map_err(|error| DbErr::Json(error.to_string()))?;
    let model = receipt::Model {
        write_id: TextUuid(intent.write_id.0),
        user_id: TextUuid(author.user().0),
        content_digest: intent.digest(),
        table_name: intent.table.sql_name().to_owned(),
        row_id: TextUuid(intent.row_id.0),
        version,
        answer: answer.clone(),
        at: at.micros(),
    };
    receipt::Entity::insert(model.into_active_model()).exec_without_returning(&**tx).await?;
    raw(answer)
}

fn raw(answer: String) -> Result<Answer> {
    RawValue::from_string(answer).map_err(|error| DbErr::Json(error.to_string()).into())
}
