//! `users`: a person who signs in.

use sea_orm::entity::prelude::*;

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TextUuid,
    /// In lower case.
    pub email: String,
    /// As it stands on the screen.
    pub name: String,
    /// Optional.
    pub phone: Option<String>,
    /// A name of [`domain::Role`].
    pub role: String,
    /// Whether the account may sign in.
    pub is_active: bool,
    /// Argon2id, in PHC form.
    pub password_hash: String,
    /// Microseconds since 1970 UTC.
    pub created_at: i64,
}

/// Nothing is joined through SeaORM here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
