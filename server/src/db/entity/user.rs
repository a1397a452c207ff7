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
    /// The company of a vendor's account. Text, because SeaORM reads no NULL as `Option<TextUuid>`.
    pub vendor_id: Option<String>,
    /// Whether the account may sign in.
    pub is_active: bool,
    /// Argon2id, in PHC form.
    pub password_hash: String,
    /// Whether the password was given by somebody else and opens nothing but the change of it.
    pub must_change_password: bool,
    /// Microseconds since 1970 UTC.
    pub created_at: i64,
    /// Microseconds since 1970 UTC.
    pub updated_at: i64,
    /// Microseconds since 1970 UTC.
    pub last_sign_in_at: Option<i64>,
}

/// Nothing is joined through SeaORM here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
