//! Numbers that only grow: the change log's ends and the turns' numbers.
//!
//! **Invariant:** a number is drawn inside the transaction that uses it, so a rollback gives it back and no gap
//! or repeat can be seen.

use super::entity::counter;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Set, sea_query::OnConflict};

/// The change log's end: the position of the last committed transaction.
pub const CHANGE_POSITION: &str = "change_position";
/// The change log's beginning: everything at or before this position is gone.
pub const CHANGES_TRIMMED_TO: &str = "changes_trimmed_to";

/// The last number given; 0 for a counter that does not exist yet.
pub async fn current(db: &impl ConnectionTrait, name: &str) -> Result<i64, DbErr> {
    Ok(counter::Entity::find_by_id(name).one(db).await?.map_or(0, |counter| counter.value))
}

/// Where the change log begins and ends: everything at or before the one is gone, the other is the last position.
pub async fn ends_of_log(db: &impl ConnectionTrait) -> Result<(i64, i64), DbErr> {
    let names = [CHANGES_TRIMMED_TO, CHANGE_POSITION];
    let found = counter::Entity::find().filter(counter::Column::Name.is_in(names)).all(db).await?;
    let of = |name: &str| found.iter().find(|counter| counter.name == name).map_or(0, |counter| counter.value);
    Ok((of(CHANGES_TRIMMED_TO), of(CHANGE_POSITION)))
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
