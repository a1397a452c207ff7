//! `changes`: one entry of the shape log.

use sea_orm::entity::prelude::*;

/// One entry of the shape log.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "changes")]
pub struct Model {
    /// The transaction's place in the log.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// The change's place in the transaction: 0, 2, 4 …
    #[sea_orm(primary_key, auto_increment = false)]
    pub op: i64,
    /// SQL name of the table.
    pub table_name: String,
    /// Which row.
    pub row_id: TextUuid,
    /// The row before, as JSON in PostgreSQL's text form; none for a new row.
    pub old_row: Option<String>,
    /// The row after; none for a deleted row.
    pub new_row: Option<String>,
    /// Microseconds since 1970 UTC; what trimming by age goes by.
    pub at: i64,
}

/// Nothing is joined through SeaORM here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
