//! `turn_stage_history`: one move of a turn from stage to stage.

use sea_orm::entity::prelude::*;

/// One move of a turn from stage to stage.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "turn_stage_history")]
pub struct Model {
    /// Order of the moves.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Which turn.
    pub turn_id: TextUuid,
    /// The stage it left; none when the turn was made. Text, because SeaORM reads no NULL as `Option<TextUuid>`.
    pub from_stage_id: Option<String>,
    /// The stage it entered.
    pub to_stage_id: TextUuid,
    /// Who moved it.
    pub changed_by: TextUuid,
    /// Microseconds since 1970 UTC.
    pub changed_at: i64,
    /// How long it stood in the stage that it left.
    pub seconds_in_stage: Option<i64>,
    /// Why, where somebody said so.
    pub reason: Option<String>,
}

/// Nothing is joined through SeaORM here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
