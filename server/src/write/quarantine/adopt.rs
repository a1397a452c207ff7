//! A supervisor adopts a held write: it is carried out with the supervisor's rights, and its receipt is the author's.
//!
//! **Invariant:** nothing lands on a value that neither author nor supervisor has seen. Where somebody changed what the write changes,
//! the supervisor is shown both and must say which version they have looked at.

use super::{
    docket::{self, Waiting},
    past, tell,
};
use crate::{
    auth::accounts,
    db::{
        Db, Unit,
        entity::quarantine::{self, ADOPTED, REFUSED},
    },
    problem::{Failure, Result},
    write::{
        Author, Intent, base,
        carry_out::{Hand, carry_out},
        decide::decide,
        receipt::{self, Answer},
        refusal,
    },
};
use domain::{Operation, Row, Timestamp, WriteId, schema::SetBy};
use protocol::ProblemCode;
use sea_orm::DbErr;

/// Applies a held write; gives its receipt. Adopted again, it gives the same. `looked_at` is the version of the row that the
/// supervisor has seen beside it.
pub async fn adopt(db: &Db, supervisor: &Author, id: WriteId, looked_at: Option<i64>, at: Timestamp) -> Result<Answer> {
    let mut unit = db.unit().await?;
    let Waiting { held, subject } = docket::find(&mut unit, supervisor, id).await?;
    if let Some(receipt) = unit.receipt(id).await? {
        if receipt.user_id.0 != held.author.0 {
            return Err(Failure::refused(ProblemCode::Conflict, "somebody else has used this writeId"));
        }
        return receipt::stored(receipt);
    }
    if held.model.state == REFUSED {
        return Err(Failure::refused(ProblemCode::Conflict, "this was refused already"));
    }
    let account = accounts::by_id(&**unit, held.author).await?;
    let account = account.ok_or_else(|| Failure::from(DbErr::RecordNotFound("a held write has no author".to_owned())))?;
    let author = Author::of_account(account, supervisor.client.clone())?;
    let in_their_place = Author {
        on_behalf_of: Some(author.user()),
        ..supervisor.clone()
    };
    let intent = rebase(&mut unit, &author, supervisor, &held.intent, looked_at).await?;
    let decision = decide(&mut unit, &in_their_place, &intent, at).await?;
    carry_out(&mut unit, &in_their_place, &intent, &decision, at).await?;
    let answer = receipt::store_adopted(&mut unit, &author, &intent, &decision, at).await?;
    quarantine::decide(&**unit, &held.model, ADOPTED, supervisor.user(), None, at).await?;
    let hand = Hand {
        author: supervisor,
        write_id: Some(id),
        at,
    };
    tell::author(&mut unit, hand, &held, subject.as_ref(), "adopted", None).await?;
    unit.commit().await?;
    Ok(answer)
}

/// The same intent on the row as it stands, where that may be.
async fn rebase(unit: &mut Unit, author: &Author, supervisor: &Author, intent: &Intent, looked_at: Option<i64>) -> Result<Intent> {
    let mut rebased = intent.clone();
    rebased.version = base::expected_version(unit, author.user(), intent).await?;
    // The author's own, whose receipts are there: asked for just now.
    rebased.after = vec![];
    let Some(now) = unit.find(intent.table, intent.row_id).await?.filter(|_| intent.operation != Operation::Create) else {
        return Ok(rebased);
    };
    if looked_at.is_some() {
        rebased.version = looked_at;
    } else if rebased.version != Some(now.version()) {
        if !is_untouched(unit, intent, rebased.version, &now).await? {
            return Err(refusal::conflict(supervisor, intent, rebased.version, &now));
        }
        rebased.version = Some(now.version());
    }
    Ok(rebased)
}

/// Whether what the write changes is as its author saw it. What cannot be told counts as changed.
async fn is_untouched(unit: &Unit, intent: &Intent, seen: Option<i64>, now: &Row) -> Result<bool> {
    let Some(seen) = seen else { return Ok(false) };
    let Some(then) = past::at_version(&***unit, now, seen).await? else {
        return Ok(false);
    };
    let is_removed = intent.operation == Operation::Delete;
    let columns = intent.table.columns().iter();
    let mut touched = columns.filter(|column| intent.data.contains_key(column.name) || (is_removed && column.set_by != SetBy::Server));
    Ok(touched.all(|column| then.get(column.name) == now.get(column.name)))
}
