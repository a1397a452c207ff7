//! `receipts`: the stored answer to a write that was applied.

use sea_orm::entity::prelude::*;

/// The stored answer to a write that was applied.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "receipts")]
pub struct Model {
    /// Which write.
    #[sea_orm(primary_key, auto_increment = false)]
    pub write_id: TextUuid,
    /// Whose write; nobody else may repeat it.
    pub user_id: TextUuid,
    /// Digest of what was written; a repeat must say the same.
    pub content_digest: String,
    /// SQL name of the table.
    pub table_name: String,
    /// Which row.
    pub row_id: TextUuid,
    /// The version that the write said its author had seen; none for a create, and in receipts from before this was kept.
    pub base_version: Option<i64>,
    /// The row's version after the write; none after a delete.
    pub version: Option<i64>,
    /// The answer's text, given again byte for byte.
    pub answer: String,
    /// Microseconds since 1970 UTC.
    pub at: i64,
}

/// Nothing is joined through SeaORM here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The receipts of these writes, as far as there are any.
pub async fn all_in(db: &impl ConnectionTrait, ids: &[domain::WriteId]) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::WriteId.is_in(ids.iter().map(|id| id.to_string()))).all(db).await
}
