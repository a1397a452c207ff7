//! `GET /api/sync/{table}`: a shape's snapshot, what came since, and waiting for what comes.
//!
//! **Invariant:** every answer is read from one state of the database, and its offset is that state's.

use super::{
    answer::{self, Answer},
    doorbell, electric,
    known::Sight,
    live::{self, Caller},
    log, methods,
    offset::Offset,
    refusal::{Invalid, InvalidRequest},
    request::{Live, Request},
    shape::Shape,
    snapshot, stream,
    subset::{self, ShapeAnswer, Subset},
};
use crate::{
    app::App,
    auth::Session,
    clock,
    db::{changes::Place, counters},
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
use sea_orm::ConnectionTrait;
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
        None => Box::pin(read_now(&app, &shape, &request)).await?,
        Some(Live::Request) => live::wait(&app, &caller, &shape, &request).await?,
        Some(Live::Stream) => return Box::pin(stream::open(app, caller, shape, request)).await,
    };
    let Some(answer) = answer else { return Ok(answer::gone(&shape)) };
    app.metrics.shape_sent(shape.table, answer.body.len());
    Ok(answer.respond(&shape, headers))
}

/// What is wanted of what somebody sees, and which of its rows as they stand, if it is those.
pub(super) fn wanted(app: &App, sight: Sight, request: &Request) -> Result<(Arc<Shape>, Option<Subset>), Invalid> {
    let shape = app.shapes.wanted(sight, &request.wish, app.db.epoch())?;
    let seen = || app.shapes.seen(sight, app.db.epoch());
    let subset = request.subset.as_ref().map(|wish| Subset::read(wish, &seen())).transpose()?;
    Ok((shape, subset))
}

/// What there is now: from memory, where the database has nothing newer; `None` where the place is gone.
async fn read_now(app: &App, shape: &Arc<Shape>, request: &Request) -> Result<Option<Answer>> {
    if matches!(request.offset, Offset::Log(_)) {
        let end = counters::current(app.db.readers(), counters::CHANGE_POSITION).await?;
        if let Some(answer) = recent(app, shape, request, end) {
            return Ok(Some(answer));
        }
    }
    read(app, shape, request).await
}

/// What there is up to a position at least, without asking the database; `None` where only that knows.
pub(super) fn recent(app: &App, shape: &Arc<Shape>, request: &Request, until: i64) -> Option<Answer> {
    let page = app.hub.recent(shape, request.offset, until, &app.settings.limits)?;
    Some(log_answer(&page, request))
}

/// What there is now; `None` where the place is gone.
pub(super) async fn read(app: &App, shape: &Shape, request: &Request) -> Result<Option<Answer>> {
    if let Some(answer) = read_small(app, shape, request).await {
        return Ok(Some(answer));
    }
    if let Some(answer) = read_replica(app, shape, request).await {
        return Ok(Some(answer));
    }
    let db = app.db.snapshot().await?;
    let ends = counters::ends_of_log(&db).await?;
    read_at(&db, app, shape, request, ends).await
}

/// Most first syncs are small: one statement, which sees one state by itself. None where this is not one, or something fails.
async fn read_small(app: &App, shape: &Shape, request: &Request) -> Option<Answer> {
    if request.offset != Offset::Beginning || shape.changes_only {
        return None;
    }
    let db = app.db.near_replica().await.unwrap_or_else(|| app.db.readers().clone());
    let page = snapshot::small(&db, shape, &app.settings.limits).await.ok().flatten()?;
    Some(snapshot_answer(page, request))
}

/// The same from the replica, where there is one: first syncs and catching up, after which everybody goes on live and hears the
/// rest. None where the replica is not that far, or does not answer.
async fn read_replica(app: &App, shape: &Shape, request: &Request) -> Option<Answer> {
    if request.live.is_some() || request.offset == Offset::Now {
        return None;
    }
    let db = app.db.snapshot_of_replica().await?;
    let read = async {
        let ends = counters::ends_of_log(&db).await?;
        read_at(&db, app, shape, request, ends).await
    };
    read.await.ok().flatten()
}

/// What there is in one state of the database, with the ends of its log; `None` where the place is not in it.
async fn read_at(db: &impl ConnectionTrait, app: &App, shape: &Shape, request: &Request, (begin, end): (i64, i64)) -> Result<Option<Answer>> {
    match request.offset {
        Offset::Foreign => Ok(None),
        offset if offset.is_gone(begin, end) => Ok(None),
        Offset::Beginning => read_snapshot(db, app, shape, request, end, end).await.map(Some),
        Offset::Snapshot { position, .. } => read_snapshot(db, app, shape, request, position, end).await.map(Some),
        Offset::Now => read_log(db, app, shape, request, Place::end_of(end), end).await.map(Some),
        Offset::Log(place) => read_log(db, app, shape, request, place, end).await.map(Some),
    }
}

async fn read_snapshot(db: &impl ConnectionTrait, app: &App, shape: &Shape, request: &Request, position: i64, end: i64) -> Result<Answer> {
    let after = match request.offset {
        Offset::Snapshot { last, .. } => Some(last),
        _ => None,
    };
    let page = if shape.changes_only {
        snapshot::none(position)
    } else {
        snapshot::page(db, shape, &app.settings.limits, position, end, after).await?
    };
    Ok(snapshot_answer(page, request))
}

fn snapshot_answer(page: snapshot::Page, request: &Request) -> Answer {
    Answer {
        from: request.offset,
        next: page.next,
        is_up_to_date: false,
        has_data: true,
        body: page.body,
        cursor: cursor(request),
    }
}

async fn read_log(db: &impl ConnectionTrait, app: &App, shape: &Shape, request: &Request, from: Place, end: i64) -> Result<Answer> {
    let page = log::page(db, shape, &app.settings.limits, from, end).await?;
    Ok(log_answer(&page, request))
}

fn log_answer(page: &log::Page, request: &Request) -> Answer {
    Answer {
        from: request.offset,
        next: Offset::Log(page.next),
        is_up_to_date: page.is_up_to_date,
        has_data: page.has_data,
        body: Arc::clone(&page.body),
        cursor: cursor(request),
    }
}

fn cursor(request: &Request) -> Option<u64> {
    request.live.map(|_| answer::cursor(clock::now(), request.cursor))
}
