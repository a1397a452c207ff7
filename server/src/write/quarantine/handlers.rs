//! `GET /api/quarantine`, `POST /api/quarantine/{writeId}/adopt`, `POST /api/quarantine/{writeId}/refuse`.
//!
//! **Invariant:** a supervisor sees of a row what their role sees of it, here as everywhere.

use super::{
    adopt, docket,
    docket::{Held, Waiting},
    past, refuse,
};
use crate::{
    app::App,
    audit::{Doer, People},
    auth::Session,
    clock,
    openapi::problems,
    problem::{Failure, Result},
    web::{body::JsonBody, client::Client, instant::Instant},
    write::{Author, receipt::Answer},
};
use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{Row, RowId, WriteId};
use protocol::{ProblemCode, WireWrite};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value as JsonValue};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(adopt_one))
        .routes(routes!(refuse_one))
}

/// A signed-in supervisor; everybody else is refused.
struct Supervisor(Session);

/// What waits for the caller.
#[derive(Serialize, ToSchema)]
struct Docket {
    /// The oldest first, a hundred at most.
    writes: Vec<HeldWrite>,
    /// Whether more wait behind these.
    more: bool,
}

/// A write that waits for a supervisor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HeldWrite {
    /// To decide it by.
    write_id: WriteId,
    /// Who made it.
    author: Option<Doer>,
    /// URL name of the table.
    table: &'static str,
    /// Which row.
    row_id: RowId,
    /// The write as it came.
    #[schema(value_type = Object)]
    write: WireWrite,
    /// Why it was not applied.
    reason: String,
    /// When it came.
    held_at: Instant,
    /// The row as its author saw it, where that is known; none for a create.
    #[schema(value_type = Option<Object>)]
    base: Option<Map<String, JsonValue>>,
    /// The row as it stands; for a create the one that it would belong to.
    #[schema(value_type = Option<Object>)]
    row: Option<Map<String, JsonValue>>,
}

/// How a held write is adopted.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Adoption {
    /// The version of the row that was looked at; needed where others have changed what the write changes.
    version: Option<i64>,
}

/// Why a held write is not wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefusalOfWrite {
    /// Its author reads it.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// The answer to a decision.
#[derive(Serialize, ToSchema)]
struct Decided {
    /// Always true.
    success: bool,
    /// The author's receipt of what was adopted.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Answer>,
}

impl FromRequestParts<App> for Supervisor {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let session = Session::from_request_parts(parts, app).await?;
        if session.user.role.supervises() {
            return Ok(Self(session));
        }
        Err(Failure::refused(ProblemCode::Permission, "this is for supervisors"))
    }
}

/// List held writes
///
/// Writes of people who have lost sight of the row since they saw it. Administrators have all, senior managers those that concern rows
/// which they see.
#[utoipa::path(
    get,
    path = "/api/quarantine",
    tag = "write",
    operation_id = "held_writes",
    responses((status = 200, description = "What waits for the caller.", body = Docket))
)]
async fn list(State(app): State<App>, Supervisor(session): Supervisor, client: Client) -> Result<Response> {
    let supervisor = Author::new(&session, client);
    let db = app.db.readers();
    let (waiting, more) = docket::waiting(db, &supervisor.viewer).await?;
    let people = People::named(db, waiting.iter().map(|waiting| waiting.held.author.0).collect::<Vec<_>>()).await?;
    let mut writes = Vec::with_capacity(waiting.len());
    for Waiting { held, subject } in waiting {
        let base = base(db, &held, subject.as_ref()).await?;
        writes.push(HeldWrite::of(held, base, subject, &supervisor, &people));
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(Docket { writes, more })).into_response())
}

/// Adopt a held write
///
/// Applies it with the caller's rights; the receipt is its author's. Where others have changed what it changes since its author saw the
/// row, the answer is `CONFLICT` with both sides, until `version` says which version was looked at. Adopted again, it is the same.
#[utoipa::path(
    post,
    path = "/api/quarantine/{id}/adopt",
    tag = "write",
    operation_id = "adopt_write",
    params(("id" = String, Path, description = "The write.")),
    request_body(content = Adoption, example = json!({"version": 7})),
    responses(
        (status = 200, description = "Applied, now or before.", body = Decided),
        problems::NotFound,
        problems::Conflict,
        problems::Validation,
        problems::Blocked,
    )
)]
async fn adopt_one(
    State(app): State<App>,
    Supervisor(session): Supervisor,
    client: Client,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<Decided>> {
    let adoption: Adoption = read(body)?;
    let supervisor = Author::new(&session, client);
    let receipt = adopt::adopt(&app.db, &supervisor, write_id(&id)?, adoption.version, clock::now()).await?;
    Ok(Json(Decided {
        success: true,
        receipt: Some(receipt),
    }))
}

/// Refuse a held write
///
/// Its author is told why. What was applied meanwhile cannot be refused.
#[utoipa::path(
    post,
    path = "/api/quarantine/{id}/refuse",
    tag = "write",
    operation_id = "refuse_write",
    params(("id" = String, Path, description = "The write.")),
    request_body(content = RefusalOfWrite, example = json!({"reason": "The home is Noa’s now; she has done it."})),
    responses(
        (status = 200, description = "Refused, now or before.", body = Decided),
        problems::NotFound,
        problems::Conflict,
        problems::Validation,
    )
)]
async fn refuse_one(
    State(app): State<App>,
    Supervisor(session): Supervisor,
    client: Client,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<Decided>> {
    let refusal: RefusalOfWrite = read(body)?;
    let supervisor = Author::new(&session, client);
    refuse::refuse(&app.db, &supervisor, write_id(&id)?, &refusal.reason, clock::now()).await?;
    Ok(Json(Decided { success: true, receipt: None }))
}

impl HeldWrite {
    fn of(held: Held, base: Option<Row>, subject: Option<Row>, supervisor: &Author, people: &People) -> Self {
        let shown = |row: Option<Row>| row.map(|row| supervisor.shown(&row));
        Self {
            write_id: held.intent.write_id,
            author: people.get(held.author.0),
            table: held.intent.table.url_name(),
            row_id: held.intent.row_id,
            write: held.intent.to_wire(),
            reason: held.model.reason,
            held_at: Instant::from_micros(held.model.at),
            base: shown(base),
            row: shown(subject),
        }
    }
}

/// What the author saw.
async fn base(db: &impl ConnectionTrait, held: &Held, subject: Option<&Row>) -> Result<Option<Row>> {
    match (subject, held.intent.version) {
        (Some(row), Some(version)) if row.table() == held.intent.table => past::at_version(db, row, version).await,
        _ => Ok(None),
    }
}

fn read<T: DeserializeOwned>(body: JsonValue) -> Result<T> {
    serde_json::from_value(body).map_err(|error| Failure::refused(ProblemCode::Validation, format!("the body is not right: {error}")))
}

fn write_id(text: &str) -> Result<WriteId> {
    text.parse()
        .map_err(|_| Failure::refused(ProblemCode::NotFound, "no such change waits for you"))
}
