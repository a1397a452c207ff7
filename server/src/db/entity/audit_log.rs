//! `audit_logs`: one thing that somebody did: who, when, from where, and what it changed. Append-only by triggers.

use sea_orm::entity::prelude::*;

/// One thing that somebody did: who, when, from where, and what it changed. Append-only by triggers.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_logs")]
pub struct Model {
    /// Order of the log.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Microseconds since 1970 UTC.
    pub at: i64,
    /// Who wrote; nil where nobody was signed in.
    pub user_id: TextUuid,
    /// The writer's role at that time; empty where nobody was signed in.
    pub role: String,
    /// The writer's network address.
    pub address: Option<String>,
    /// What the writer's program calls itself.
    pub user_agent: Option<String>,
    /// SQL name of the table.
    pub table_name: String,
    /// Which row.
    pub row_id: TextUuid,
    /// A write's operation, as `update`, or one of `audit::operation`. What follows from another row's change is an `update`.
    pub operation: String,
    /// The write that it came from; none for an import. Text, because SeaORM reads no NULL as `Option<TextUuid>`.
    pub write_id: Option<String>,
    /// The row before, as JSON.
    pub old_row: Option<String>,
    /// The row after, as JSON.
    pub new_row: Option<String>,
    /// Names of the columns that changed, as a JSON array.
    pub changed_columns: String,
    /// Whose write it was, where somebody else carried it out.
    pub on_behalf_of: Option<String>,
}

/// Nothing is joined through SeaORM here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// Whose write it was, where somebody else carried it out.
    pub fn whose(&self) -> Option<Uuid> {
        self.on_behalf_of.as_ref().and_then(|id| id.parse().ok())
    }
}
