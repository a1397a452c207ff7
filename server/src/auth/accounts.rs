//! The people who sign in.
//!
//! **Invariant:** addresses are stored in lower case, so that one person has one account.

use crate::{
    db::entity::user,
    problem::{Failure, Result},
};
use domain::{Role, RowId, Timestamp, UserId};
use protocol::User;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    prelude::TextUuid,
    sea_query::{Expr, SimpleExpr},
};

/// An account to be told of on the terminal.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// What one signs in with.
    pub email: String,
    /// In clear, this once.
    pub password: String,
    /// What the account may do.
    pub role: Role,
}

/// An account to be made.
pub struct NewAccount {
    /// Its id.
    pub id: UserId,
    /// In lower case.
    pub email: String,
    /// As it stands on the screen.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The company of a vendor's account.
    pub vendor_id: Option<RowId>,
    /// How to reach them.
    pub phone: Option<String>,
    /// Argon2id, in PHC form.
    pub password_hash: String,
    /// Whether the password is one to be changed at the first sign-in.
    pub must_change_password: bool,
}

/// Finds an account by its address, in any case.
pub async fn by_email(db: &impl ConnectionTrait, email: &str) -> Result<Option<user::Model>> {
    Ok(user::Entity::find().filter(user::Column::Email.eq(email.trim().to_lowercase())).one(db).await?)
}

/// Finds an account by its id.
pub async fn by_id(db: &impl ConnectionTrait, id: UserId) -> Result<Option<user::Model>> {
    Ok(user::Entity::find_by_id(TextUuid(id.0)).one(db).await?)
}

/// The active accounts of a role.
pub async fn of_role(db: &impl ConnectionTrait, role: Role) -> Result<Vec<UserId>> {
    ids_where(db, user::Column::Role.eq(role.name())).await
}

/// The active accounts of a vendor.
pub async fn of_vendor(db: &impl ConnectionTrait, vendor: RowId) -> Result<Vec<UserId>> {
    ids_where(db, user::Column::VendorId.eq(vendor.to_string())).await
}

/// Whether there is nobody yet.
pub async fn none_exist(db: &impl ConnectionTrait) -> Result<bool> {
    Ok(user::Entity::find().count(db).await? == 0)
}

/// Everybody, by name.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<user::Model>> {
    Ok(user::Entity::find()
        .order_by_asc(user::Column::Name)
        .order_by_asc(user::Column::Id)
        .all(db)
        .await?)
}

/// How many other active accounts have one of these roles.
pub async fn count_others(db: &impl ConnectionTrait, but: UserId, roles: &[Role]) -> Result<u64> {
    let query = user::Entity::find()
        .filter(user::Column::Id.ne(TextUuid(but.0)))
        .filter(user::Column::IsActive.eq(true))
        .filter(user::Column::Role.is_in(roles.iter().map(|role| role.name())));
    Ok(query.count(db).await?)
}

/// Makes an account.
pub async fn create(db: &impl ConnectionTrait, account: NewAccount, at: Timestamp) -> Result<user::Model> {
    let model = user::Model {
        id: TextUuid(account.id.0),
        email: account.email.to_lowercase(),
        name: account.name,
        phone: account.phone,
        role: account.role.name().to_owned(),
        vendor_id: account.vendor_id.map(|id| id.to_string()),
        is_active: true,
        password_hash: account.password_hash,
        must_change_password: account.must_change_password,
        created_at: at.micros(),
        updated_at: at.micros(),
        last_sign_in_at: None,
    };
    user::Entity::insert(model.clone().into_active_model()).exec_without_returning(db).await?;
    Ok(model)
}

/// Puts an account over the one with its id.
pub async fn update(db: &impl ConnectionTrait, account: user::Model) -> Result<()> {
    user::Entity::update(account.into_active_model().reset_all()).exec_without_returning(db).await?;
    Ok(())
}

async fn ids_where(db: &impl ConnectionTrait, is_meant: SimpleExpr) -> Result<Vec<UserId>> {
    let found = user::Entity::find().filter(is_meant).filter(user::Column::IsActive.eq(true)).all(db).await?;
    Ok(found.into_iter().map(|account| UserId(account.id.0)).collect())
}

/// Remembers that somebody signed in.
pub async fn note_sign_in(db: &impl ConnectionTrait, user: UserId, at: Timestamp) -> Result<()> {
    let last = Expr::value(Some(at.micros()));
    let query = user::Entity::update_many().col_expr(user::Column::LastSignInAt, last);
    query.filter(user::Column::Id.eq(TextUuid(user.0))).exec(db).await?;
    Ok(())
}

/// The role that an account has.
pub fn role(account: &user::Model) -> Result<Role> {
    Role::from_name(&account.role).ok_or_else(|| Failure::from(DbErr::Type(format!("unknown role {}", account.role))))
}

/// What others may know of an account.
pub fn public(account: user::Model) -> Result<User> {
    let role = role(&account)?;
    Ok(User {
        id: UserId(account.id.0),
        email: account.email,
        name: account.name,
        role,
        vendor_id: account.vendor_id.and_then(|id| id.parse().ok()),
        must_change_password: account.must_change_password,
    })
}
