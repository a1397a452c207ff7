//! `GET /api/sync/{table}`: a shape's snapshot, what came since, and waiting for what comes.
//!
//! **Invariant:** what is wrong with a request is said before anything is read for it.

use super::{
    answer, doorbell, electric,
    known::{Sight, wanted},
    live::{self, Caller},
    methods,
    offset::Offset,
    read::Reading,
    refusal::InvalidRequest,
    request::{Live, Request},
    stream,
    subset::{self, ShapeAnswer},
};
use crate::{
    app::App,
    auth::Session,
    openapi::problems,
    problem::{Failure, Result},
};
use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use domain::Table;
use protocol::{Problem, ProblemCode, ShapeMessage};
use std::{collections::HashMap, sync::Arc};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(doorbell::listen))
        .routes(routes!(read_shape, subset::read_subset, methods::shape_options))
}

/// Follow {table}
///
/// Begin with `offset=-1` and go on from each answer's `electric-offset` and `electric-handle`, until `electric-up-to-date`
/// is there; from then on with `live=true`, which waits until there is news. Every value is PostgreSQL's text form.
#[utoipa::path(
    get,
    path = "/api/sync/{table}",
    tag = "sync",
    params(
        ("table" = String, Path, description = "URL name of the table."),
        ("offset" = String, Query, description = "`-1` for the beginning, `now` for news only, or `electric-offset` of the last answer.", example = "-1", pattern = r"^(-1|now|\d+_(\d+|inf))$"),
        ("handle" = Option<String>, Query, description = "`electric-handle` of the last answer; only the beginning goes without."),
        ("expired_handle" = Option<String>, Query, description = "A handle that was answered with 409: what begins now gets another one."),
        ("live" = Option<bool>, Query, description = "Wait for news where there is none. Not at the beginning."),
        ("where" = Option<String>, Query, description = "Only rows of which this SQL condition is true: comparisons of columns with constants or `$1`, `AND`, `OR`, `NOT`, `IN`, `BETWEEN`, `LIKE`, `ILIKE`, `IS NULL`. It narrows what the session sees.", example = "priority = 'high' AND due_date < $1"),
        ("params[1]" = Option<String>, Query, description = "The value of `$1` in `where`; `params[2]` that of `$2`, and so on."),
        ("columns" = Option<String>, Query, description = "Only these columns, with commas between them; `id` must be among them."),
        ("replica" = Option<String>, Query, description = "`full`: updates and deletes tell whole rows, and updates what was there before.", pattern = "^(default|full)$"),
        ("log" = Option<String>, Query, description = "`changes_only`: no snapshot at the beginning.", pattern = "^(full|changes_only)$"),
        ("live_sse" = Option<bool>, Query, description = "With `live=true`: answer with an event stream, a message an event, for a minute."),
        ("subset__where" = Option<String>, Query, description = "With this or one of the next: no log, but those of the shape's rows as they stand of which it is true, as `{\"metadata\": …, \"data\": […]}`."),
        ("subset__params" = Option<String>, Query, description = "The values of `$1`, `$2` … in it, as a JSON object by number."),
        ("subset__order_by" = Option<String>, Query, description = "Columns with commas between them, each with `ASC` or `DESC` and `NULLS FIRST` or `NULLS LAST` behind it.", example = "due_date DESC, id"),
        ("subset__limit" = Option<u32>, Query, description = "At most so many rows; not without an order.", minimum = 1),
        ("subset__offset" = Option<u32>, Query, description = "After so many others; not without an order."),
        ("user" = Option<String>, Query, description = "Whose rows these shall be; under a session of somebody else the answer is 401."),
        ("cursor" = Option<String>, Query, description = "`electric-cursor` of the last live answer, so that no cache repeats itself."),
    ),
    responses(
        (status = 200, description = "Messages, in order; an empty list where a live request waited in vain. With `subset__…`: rows.", body = ShapeAnswer, headers(
            ("electric-handle" = String, description = "Names the shape's log."),
            ("electric-offset" = String, description = "Where to go on."),
            ("electric-up-to-date" = String, description = "There, and empty, where the answer reaches the log's end."),
            ("electric-has-data" = bool, description = "Whether there are changes in the answer."),
            ("electric-schema" = String, description = "The columns' types, as JSON; not in live answers."),
            ("electric-cursor" = String, description = "To send back with the next live request; only in live answers."),
            ("etag" = String, description = "From here to there is always the same answer."),
        )),
        (status = 304, description = "The caller has this answer already (`If-None-Match`)."),
        (status = 400, description = "A parameter is not right; Electric's own form.", body = InvalidRequest,
            example = json!({"message": "Invalid request", "errors": {"offset": ["can't be blank"]}})),
        (status = 409, description = "The place in the log is gone: begin again.", body = Vec<ShapeMessage>,
            headers(("electric-handle" = String, description = "The shape to begin with.")),
            example = json!([{"headers": {"control": "must-refetch"}}])),
        problems::NotFound,
    )
)]
async fn read_shape(
    State(app): State<App>,
    session: Session,
    Path(table): Path<String>,
    Query(parameters): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response> {
    answer(app, session, &table, &parameters, None, &headers).await
}

/// The answer to a signed-in person; `subset` is what a body asks for.
pub(super) async fn answer(
    app: App,
    session: Session,
    table: &str,
    parameters: &HashMap<String, String>,
    subset: Option<subset::Wish>,
    headers: &HeaderMap,
) -> Result<Response> {
    // A browser has one session for all its tabs: what one of them follows must not become somebody else's under it.
    if parameters.get("user").is_some_and(|user| user.parse() != Ok(session.user.id)) {
        return Err(Failure::refused(
            ProblemCode::Unauthenticated,
            "these rows would be another user’s; sign in as that user to follow them",
        ));
    }
    let table = Table::from_name(table).ok_or_else(|| Failure::from(Problem::new(ProblemCode::NotFound, format!("there is no shape “{table}”"))))?;
    let mut request = match Request::read(parameters) {
        Ok(request) => request,
        Err(invalid) => return Ok(invalid.into_response()),
    };
    request.subset = subset.or(request.subset);
    let sight = Sight::of(session.viewer(), table);
    if let Some(electric) = &app.electric {
        // Boxed: what waits here would carry the room for it along.
        return Box::pin(electric::follow(&app, electric, Caller::Person(session), sight, &request, headers)).await;
    }
    follow(app, Caller::Person(session), sight, request, headers).await
}

/// The answer to whoever follows a shape, or what they want of it.
pub(super) async fn follow(app: App, caller: Caller, sight: Sight, request: Request, headers: &HeaderMap) -> Result<Response> {
    let (shape, subset) = match wanted(&app, sight, &request) {
        Ok(wanted) => wanted,
        Err(invalid) => return Ok(invalid.into_response()),
    };
    let shape = match &request.handle {
        Some(handle) if request.offset != Offset::Beginning => match Arc::clone(&shape).known_as(handle) {
            Some(known) => known,
            None => return Ok(answer::must_refetch(&shape.after(request.expired_handle.as_deref()))),
        },
        _ => shape.after(request.expired_handle.as_deref()),
    };
    // Boxed, all but the waiting, which then carries no room for the others along.
    if let Some(subset) = subset {
        return Box::pin(subset::answer(&app, &shape, &request, &subset)).await;
    }
    let answer = match request.live {
        None => {
            let reading = Reading {
                app: &app,
                shape: &shape,
                request: &request,
            };
            Box::pin(reading.now()).await?
        }
        Some(Live::Request) => live::wait(&app, &caller, &shape, &request).await?,
        Some(Live::Stream) => return Box::pin(stream::open(app, caller, shape, request)).await,
    };
    let Some(answer) = answer else { return Ok(answer::gone(&shape)) };
    app.metrics.shape_sent(shape.table, answer.body.len());
    Ok(answer.respond(&shape, headers))
}
