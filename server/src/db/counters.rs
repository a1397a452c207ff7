//! Numbers that only grow: the change log's ends and the turns' numbers.
//!
//! **Invariant:** a number is drawn inside the transaction that uses it, so a rollback gives it back and no gap
//! or repeat can be seen.

use super::entity::counter;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set, sea_query::OnConflict};

/// The change log's end: the position of the last committed transaction.
pub const CHANGE_POSITION: &str = "change_position";
/// The change log's beginning: everything at or before this position is gone.
pub const CHANGES_TRIMMED_TO: &str = "changes_trimmed_to";

/// The last number given; 0 for a counter that does not exist yet.
pub async fn current(db: &impl ConnectionTrait, name: &str) -> Result<i64, DbErr> {
    Ok(counter::Entity::find_by_id(name).one(db).await?.map_or(0, |counter| counter.value))
}

/// Sets a counter.
pub async fn set(db: &impl ConnectionTrait, name: &str, value: i64) -> Result<(), DbErr> {
    let model = counter::ActiveModel {
        name: Set(name.to_owned()),
        value: Set(value),
    };
    let on_conflict = OnConflict::column(counter::Column::Name).update_column(counter::Column::Value).to_owned();
    counter::Entity::insert(model)
        .on_conflict(on_conflict)
        .exec_without_returning(db)
        .await
        .map(drop)
}
