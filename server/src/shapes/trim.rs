//! Forgetting old log entries.
//!
//! A client whose place is forgotten is told to begin again (409), and does so from a snapshot.
//!
//! **Invariant:** whole transactions go, oldest first, and the log's beginning moves in the same commit.

use crate::{
    config::Limits,
    db::{Db, counters, entity::change},
    problem::Result,
};
use domain::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Forgets what is too old or too much; gives the log's new beginning.
pub async fn trim(db: &Db, limits: &Limits, now: Timestamp) -> Result<i64> {
    let tx = db.write().await?;
    let begin = counters::current(&*tx, counters::CHANGES_TRIMMED_TO).await?;
    let keep_micros = i64::try_from(limits.keep_changes.as_micros()).unwrap_or(i64::MAX);
    let too_old = last_before(&*tx, now.micros().saturating_sub(keep_micros)).await?;
    let too_many = last_beyond(&*tx, limits.keep_entries).await?;
    let forget_to = begin.max(too_old).max(too_many);
    if forget_to > begin {
        change::Entity::delete_many().filter(change::Column::Position.lte(forget_to)).exec(&*tx).await?;
        counters::set(&*tx, counters::CHANGES_TRIMMED_TO, forget_to).await?;
    }
    tx.commit().await?;
    Ok(forget_to)
}

/// The last position written before an instant. A clock that went back leaves entries for longer, never fewer.
async fn last_before(db: &impl ConnectionTrait, micros: i64) -> Result<i64> {
    let first_kept = change::Entity::find()
        .filter(change::Column::At.gte(micros))
        .order_by_asc(change::Column::Position)
        .limit(1)
        .one(db)
        .await?;
    match first_kept {
        Some(kept) => Ok(kept.position - 1),
        None => Ok(counters::current(db, counters::CHANGE_POSITION).await?),
    }
}

/// The last position of what is beyond the newest `entries`.
async fn last_beyond(db: &impl ConnectionTrait, entries: u64) -> Result<i64> {
    let newest = change::Entity::find().order_by_desc(change::Column::Position).order_by_desc(change::Column::Op);
    Ok(newest.offset(entries).limit(1).one(db).await?.map_or(0, |entry| entry.position))
}
