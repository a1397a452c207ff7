//! `approval_thresholds`: from which amount a level must approve.

use domain::{
    Cents,
    approval::{Level, Thresholds},
};
use sea_orm::{IntoActiveModel, entity::prelude::*, sea_query::OnConflict};

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

/// Replaces the thresholds. The home office comes after the director.
pub async fn write(db: &impl ConnectionTrait, thresholds: Thresholds) -> Result<(), DbErr> {
    let row = |level: Level, from: Cents, first: Option<Level>| Model {
        level: level.name().to_owned(),
        from_amount: from.0,
        needs_level_first: first.map(|level| level.name().to_owned()),
    };
    let rows = [row(Level::Dfo, thresholds.dfo, None), row(Level::Ho, thresholds.ho, Some(Level::Dfo))];
    let on_conflict = OnConflict::column(Column::Level)
        .update_columns([Column::FromAmount, Column::NeedsLevelFirst])
        .to_owned();
    let insert = Entity::insert_many(rows.map(IntoActiveModel::into_active_model)).on_conflict(on_conflict);
    insert.exec_without_returning(db).await.map(drop)
}
