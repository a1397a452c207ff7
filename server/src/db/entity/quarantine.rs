//! `quarantine`: a write whose author has lost sight of its row; a supervisor adopts or refuses it.

use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect, entity::prelude::*, sea_query::Expr};

/// A write whose author has lost sight of its row; a supervisor adopts or refuses it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quarantine")]
pub struct Model {
    /// Which write.
    #[sea_orm(primary_key, auto_increment = false)]
    pub write_id: TextUuid,
    /// Whose.
    pub user_id: TextUuid,
    /// Digest of what is to be written; a repeat must say the same.
    pub content_digest: String,
    /// SQL name of the table.
    pub table_name: String,
    /// Which row.
    pub row_id: TextUuid,
    /// The write as it came, as JSON.
    pub wire: String,
    /// What its author would have been told.
    pub reason: String,
    /// The senior manager who was told. Text, because SeaORM reads no NULL as `Option<TextUuid>`.
    pub senior_id: Option<String>,
    /// When it came, in microseconds since 1970 UTC.
    pub at: i64,
    /// [`WAITING`], [`ADOPTED`] or [`REFUSED`].
    pub state: String,
    /// The supervisor.
    pub decided_by: Option<String>,
    /// Microseconds since 1970 UTC.
    pub decided_at: Option<i64>,
    /// Why it was refused.
    pub decision: Option<String>,
}

/// Nothing is joined through SeaORM here.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Nobody has decided.
pub const WAITING: &str = "waiting";
/// Applied by a supervisor.
pub const ADOPTED: &str = "adopted";
/// Refused by a supervisor.
pub const REFUSED: &str = "refused";

/// One write.
pub async fn find(db: &impl ConnectionTrait, id: domain::WriteId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(TextUuid(id.0)).one(db).await
}

/// These writes, as far as they are or were held.
pub async fn all_in(db: &impl ConnectionTrait, ids: &[domain::WriteId]) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::WriteId.is_in(ids.iter().map(|id| id.to_string()))).all(db).await
}

/// Those that wait, the oldest first.
pub async fn waiting(db: &impl ConnectionTrait, at_most: u64) -> Result<Vec<Model>, DbErr> {
    let query = open().order_by_asc(Column::At).order_by_asc(Column::WriteId);
    query.limit(at_most).all(db).await
}

/// How many wait.
pub async fn count_waiting(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    open().count(db).await
}

/// One person's that wait, as the senior managers who were told of them.
pub async fn seniors_told(db: &impl ConnectionTrait, user: domain::UserId, at_most: u64) -> Result<Vec<Option<String>>, DbErr> {
    let query = open().filter(Column::UserId.eq(user.to_string())).limit(at_most);
    query.select_only().column(Column::SeniorId).into_tuple().all(db).await
}

/// Notes a supervisor's decision.
pub async fn decide(
    db: &impl ConnectionTrait,
    held: &Model,
    state: &str,
    supervisor: domain::UserId,
    reason: Option<&str>,
    at: domain::Timestamp,
) -> Result<(), DbErr> {
    let decided = Model {
        state: state.to_owned(),
        decided_by: Some(supervisor.to_string()),
        decided_at: Some(at.micros()),
        decision: reason.map(str::to_owned),
        ..held.clone()
    };
    Entity::update(decided.into_active_model().reset_all()).exec_without_returning(db).await?;
    Ok(())
}

/// What waits and was not applied meanwhile: whoever is given access back sends it again, and then it needs nobody.
fn open() -> Select<Entity> {
    let is_not_applied = Expr::cust("NOT EXISTS (SELECT 1 FROM receipts WHERE receipts.write_id = quarantine.write_id)");
    Entity::find().filter(Column::State.eq(WAITING)).filter(is_not_applied)
}
