//! `sessions`: one sign-in. The token itself is never stored.

use sea_orm::entity::prelude::*;

/// One sign-in. The token itself is never stored.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// SHA-256 of the token, in hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_digest: String,
    /// Names the session to people; tells nothing of the token.
    pub id: TextUuid,
    /// Who signed in.
    pub user_id: TextUuid,
    /// Microseconds since 1970 UTC.
    pub created_at: i64,
    /// Microseconds since 1970 UTC.
    pub expires_at: i64,
    /// Microseconds since 1970 UTC; some minutes behind.
    pub last_seen_at: i64,
    /// Network address of the sign-in.
    pub address: Option<String>,
    /// What the program called itself.
    pub user_agent: Option<String>,
}

/// Nothing is joined through SeaORM here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
