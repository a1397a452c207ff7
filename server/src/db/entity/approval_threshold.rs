//! `approval_thresholds`: from which amount a level must approve.

use domain::{
    Cents,
    approval::{Level, Thresholds},
};
use sea_orm::entity::prelude::*;

/// From which amount a level must approve.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "approval_thresholds")]
pub struct Model {
    /// A name of [`Level`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub level: String,
    /// In cents.
    pub from_amount: i64,
    /// The level that must have approved before.
    pub needs_level_first: Option<String>,
}

/// Nothing is joined through SeaORM here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The thresholds as they stand; a level without one keeps the amount of a new installation.
pub async fn read(db: &impl ConnectionTrait) -> Result<Thresholds, DbErr> {
    let mut thresholds = Thresholds::default();
    for row in Entity::find().all(db).await? {
        match Level::from_name(&row.level) {
            Some(Level::Dfo) => thresholds.dfo = Cents(row.from_amount),
            Some(Level::Ho) => thresholds.ho = Cents(row.from_amount),
            None => {}
        }
    }
    Ok(thresholds)
}
