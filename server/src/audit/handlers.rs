//! `GET /api/audit`: the log, newest first, for administrators.
//!
//! **Invariant:** pages follow each other by the entries' own order, so that nothing is told twice or left out while the log grows.

use super::{
    filter::Filter,
    history,
    people::{Doer, People},
};
use crate::{
    app::App,
    auth::Session,
    db::entity::audit_log,
    openapi::problems,
    problem::{Failure, Result},
    web::instant::Instant,
};
use axum::{
    Json,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use protocol::ProblemCode;
use sea_orm::{EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(history::of_turn))
}

/// A page of the log.
#[derive(Serialize, ToSchema)]
struct AuditAnswer {
    /// Newest first.
    entries: Vec<AuditEntry>,
    /// Give it as `before` to go on; null where there is no more.
    next: Option<i64>,
}

/// One thing that somebody did.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuditEntry {
    /// Grows with the log.
    id: i64,
    /// When.
    at: Instant,
    /// Null where nobody was signed in.
    user: Option<Doer>,
    /// Whose write it was, where the user carried it out for somebody else.
    on_behalf_of: Option<Doer>,
    /// What the user was at that time.
    role: Option<String>,
    /// From which network address.
    address: Option<String>,
    /// With which program.
    agent: Option<String>,
    /// SQL name of the table; `sessions` and the like for what is not a synced row.
    table: String,
    /// Which row.
    row_id: Option<String>,
    /// `create`, `update`, `delete`, `stage-change`, `approve`, `sign-in` …
    operation: String,
    /// The write that it came from.
    write_id: Option<String>,
    /// The row before, or what stood there.
    #[schema(value_type = Option<Object>)]
    old: Option<Box<RawValue>>,
    /// The row after.
    #[schema(value_type = Option<Object>)]
    new: Option<Box<RawValue>>,
    /// Names of the columns that differ.
    changed_columns: Vec<String>,
}

/// Search the audit log
///
/// For administrators. Newest first; the filters narrow together.
#[utoipa::path(
    get,
    path = "/api/audit",
    tag = "audit",
    params(
        ("user" = Option<String>, Query, description = "Whose doing: the account's id. Here as below, an empty field filters nothing."),
        ("table" = Option<String>, Query, description = "A table by either of its names, or `sessions`.", example = "turns"),
        ("row" = Option<String>, Query, description = "Which row, by its id."),
        ("writeId" = Option<String>, Query, description = "What one write did, by its id."),
        ("operation" = Option<String>, Query, description = "As `update` or `sign-in`."),
        ("changed" = Option<String>, Query, description = "A column that changed, or a part of its name.", example = "notes"),
        ("from" = Option<String>, Query, description = "This instant and later.", example = "2026-11-23T04:48:01Z"),
        ("to" = Option<String>, Query, description = "Before this instant.", example = "2026-11-24T00:00:00Z"),
        ("before" = Option<i64>, Query, description = "`next` of the last answer."),
        ("limit" = Option<u64>, Query, description = "How many; 50 where nothing is said.", minimum = 1, maximum = 200),
    ),
    responses(
        (status = 200, description = "A page of the log.", body = AuditAnswer),
        problems::Permission,
        problems::Validation,
    )
)]
async fn search(State(app): State<App>, session: Session, Query(parameters): Query<HashMap<String, String>>) -> Result<Response> {
    if !session.user.role.is_admin() {
        return Err(Failure::refused(ProblemCode::Permission, "the audit log is for administrators"));
    }
    let filter = Filter::read(&parameters)?;
    let db = &app.db.for_reports().await;
    let mut models = audit_log::Entity::find()
        .filter(filter.condition)
        .order_by_desc(audit_log::Column::Id)
        .limit(filter.limit + 1)
        .all(db)
        .await?;
    let has_more = models.len() as u64 > filter.limit;
    models.truncate(filter.limit as usize);
    let next = models.last().filter(|_| has_more).map(|last| last.id);
    let named: Vec<Uuid> = models
        .iter()
        .map(|model| model.user_id.0)
        .chain(models.iter().filter_map(audit_log::Model::whose))
        .collect();
    let people = People::named(db, named).await?;
    let entries = models.into_iter().map(|model| AuditEntry::of(model, &people)).collect();
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(AuditAnswer { entries, next })).into_response())
}

impl AuditEntry {
    fn of(model: audit_log::Model, people: &People) -> Self {
        let json = |text: Option<String>| text.and_then(|text| RawValue::from_string(text).ok());
        Self {
            id: model.id,
            at: Instant::from_micros(model.at),
            user: people.get(model.user_id.0),
            on_behalf_of: model.whose().and_then(|id| people.get(id)),
            role: Some(model.role).filter(|role| !role.is_empty()),
            address: model.address,
            agent: model.user_agent,
            table: model.table_name,
            row_id: Some(model.row_id.0).filter(|id| !id.is_nil()).map(|id| id.to_string()),
            operation: model.operation,
            write_id: model.write_id,
            old: json(model.old_row),
            new: json(model.new_row),
            changed_columns: serde_json::from_str(&model.changed_columns).unwrap_or_default(),
        }
    }
}
