//! Files sent in pieces, over a line that comes and goes: tus 1.0.0 (core, creation, checksum, expiration, termination).
//!
//! Any tus client can use it. The last piece does what `POST /api/upload` does.
//!
//! **Invariant:** an offset that was told is on the disk. After a pulled plug the sender goes on from there.

mod headers;
mod parts;
mod receiving;

pub use parts::FOLDER;
pub use receiving::Receiving;

use super::{
    answer::content_url,
    details::Details,
    keep,
    staged::{self, too_large},
    to_the_end,
};
use crate::{
    app::App,
    auth::Session,
    clock, ids,
    openapi::problems,
    problem::{Failure, Result},
    web::client::Client,
    write::Author,
};
use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
};
use domain::UserId;
use futures::StreamExt;
use headers::{Checksum, EXTENSIONS, LENGTH, LOCKED_BY_ANOTHER, MAX_SIZE, OFFSET, VERSION, refused};
use parts::{Appended, Parts, Plan};
use protocol::{ProblemCode, problem::ProblemAnswer};
use receiving::Turn;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// How many uploads one person may have under way; a lost tablet must not fill the disk.
const MAX_UNDER_WAY: usize = 100;
const URL: &str = "/api/upload/resumable";

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tell_tus, begin_upload))
        .routes(routes!(tell_progress, append_piece, cancel_upload))
        .layer(middleware::from_fn(headers::speak_tus))
}

/// What this server can do of tus
#[utoipa::path(options, path = "/api/upload/resumable", tag = "files", security(()), responses((status = 204, description = "`Tus-Version`, `Tus-Extension`, `Tus-Max-Size`.")))]
async fn tell_tus(State(app): State<App>) -> Response {
    let offered = [
        (VERSION, "1.0.0".to_owned()),
        (EXTENSIONS, "creation,checksum,expiration,termination".to_owned()),
        (MAX_SIZE, app.settings.uploads.max_bytes.to_string()),
        (headers::ALGORITHMS, "sha256".to_owned()),
    ];
    (StatusCode::NO_CONTENT, headers::map(offered)).into_response()
}

/// Begin to send a file in pieces
///
/// tus 1.0.0. `Upload-Metadata` holds the fields of `POST /api/upload` (`entityType`, `entityId`, …) and `filename`.
#[utoipa::path(
    post, path = "/api/upload/resumable", tag = "files",
    params(
        ("Tus-Resumable" = String, Header, example = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "The size of the file"),
        ("Upload-Metadata" = String, Header, description = "Names and values in base64, as tus has them"),
    ),
    responses(
        (status = 201, description = "`Location` is where the pieces go."),
        problems::Permission,
        problems::NotFound,
        (status = 412, description = "Another version of tus.", body = ProblemAnswer),
        (status = 413, description = "The file is too large.", body = ProblemAnswer),
        problems::Validation,
    )
)]
async fn begin_upload(State(app): State<App>, session: Session, client: Client, headers: HeaderMap) -> Result<Response> {
    let length = headers::number(&headers, LENGTH)?;
    if length > app.settings.uploads.max_bytes {
        return Err(too_large(app.settings.uploads.max_bytes));
    }
    let author = Author::new(&session, client);
    let id = ids::new_id();
    let details = Details::read(&headers::metadata(&headers)?, id)?;
    keep::require_place(app.db.readers(), &author, &details).await?;
    let parts = Parts::new(&app.settings.uploads.staging, author.user(), id);
    if parts.under_way().await? >= MAX_UNDER_WAY {
        return Err(Failure::refused(
            ProblemCode::RateLimited,
            format!("{MAX_UNDER_WAY} of your uploads are under way; finish or cancel some"),
        ));
    }
    let plan = Plan::new(length, details, clock::now());
    parts.begin(&plan).await?;
    let created = [(header::LOCATION, format!("{URL}/{id}")), headers::expiry(plan.begun_at)];
    Ok((StatusCode::CREATED, headers::map(created)).into_response())
}

/// How much of a file has come
///
/// It ends a piece that is still being received: who asks has lost the line on which that came.
#[utoipa::path(
    head, path = "/api/upload/resumable/{id}", tag = "files",
    params(("id" = String, Path, format = Uuid, description = "The upload."), ("Tus-Resumable" = String, Header, example = "1.0.0")),
    responses(
        (status = 200, description = "`Upload-Offset` and `Upload-Length`."),
        problems::NotFound,
        (status = 412, description = "Another version of tus.", body = ProblemAnswer),
        problems::Validation,
    )
)]
async fn tell_progress(State(app): State<App>, session: Session, client: Client, Path(id): Path<String>) -> Result<Response> {
    let author = Author::new(&session, client);
    let (parts, mut plan) = find(&app, author.user(), &id).await?;
    app.uploads.receiving.interrupt(parts.id()).await;
    let mut offset = parts.offset(&plan).await?;
    // All had come, and then the server stopped before it could take the file.
    if offset == plan.length
        && plan.document.is_none()
        && let Some(turn) = app.uploads.receiving.begin(parts.id())
    {
        plan = to_the_end(async move { complete(&app, &author, &parts, plan, &turn).await }).await?;
        offset = plan.length;
    }
    let told = [
        (OFFSET, offset.to_string()),
        (LENGTH, plan.length.to_string()),
        headers::expiry(plan.begun_at),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::OK, headers::map(told)).into_response())
}

/// Send a piece
///
/// After the last one the file is stored with its document, as by `POST /api/upload`; `Content-Location` is where it is read.
#[utoipa::path(
    patch, path = "/api/upload/resumable/{id}", tag = "files",
    params(
        ("id" = String, Path, format = Uuid, description = "The upload."),
        ("Tus-Resumable" = String, Header, example = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "Where the piece begins: what has come so far"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha256` and the piece's digest in base64"),
    ),
    request_body(content = String, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "`Upload-Offset` is what has come so far."),
        problems::Permission,
        problems::NotFound,
        problems::Conflict,
        (status = 412, description = "Another version of tus.", body = ProblemAnswer),
        (status = 413, description = "More than `Upload-Length`.", body = ProblemAnswer),
        (status = 415, description = "Not `application/offset+octet-stream`.", body = ProblemAnswer),
        problems::Validation,
        (status = 423, description = "Another request sends to this upload.", body = ProblemAnswer),
        (status = 460, description = "The piece does not have its digest; nothing of it was kept.", body = ProblemAnswer),
    )
)]
async fn append_piece(State(app): State<App>, session: Session, client: Client, Path(id): Path<String>, headers: HeaderMap, body: Body) -> Result<Response> {
    if !headers::is_offset_stream(&headers) {
        let message = "send pieces as application/offset+octet-stream";
        return Ok(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let piece = Piece {
        offset: headers::number(&headers, OFFSET)?,
        checksum: Checksum::read(&headers)?,
        body,
    };
    let author = Author::new(&session, client);
    let (parts, plan) = find(&app, author.user(), &id).await?;
    let Some(turn) = app.uploads.receiving.begin(parts.id()) else {
        return Ok(refused(StatusCode::LOCKED, LOCKED_BY_ANOTHER));
    };
    // In a task of its own: what has come is put on the disk even when the line breaks.
    to_the_end(async move { receive(&app, &author, &parts, plan, &turn, piece).await }).await
}

/// A piece of a file, as it comes.
struct Piece {
    offset: u64,
    checksum: Option<Checksum>,
    body: Body,
}

async fn receive(app: &App, author: &Author, parts: &Parts, plan: Plan, turn: &Turn, piece: Piece) -> Result<Response> {
    let have = parts.offset(&plan).await?;
    if piece.offset != have {
        let message = format!("{have} bytes have come so far; go on from there");
        return Err(Failure::refused(ProblemCode::Conflict, message));
    }
    let ends = async {
        tokio::select! {
            () = turn.interrupted() => {}
            () = app.stopped() => {}
        }
    };
    // Whatever ends it, what has come until then counts.
    let pieces = piece.body.into_data_stream().take_until(ends).boxed();
    let offset = match parts.append(have, plan.length, piece.checksum, pieces).await? {
        Appended::UpTo(offset) => offset,
        Appended::TooLong => return Err(Failure::refused(ProblemCode::PayloadTooLarge, "more has come than Upload-Length said")),
        Appended::WrongDigest => return Ok(refused(headers::checksum_mismatch(), "the piece does not have its digest; send it again")),
    };
    let mut told = vec![(OFFSET, offset.to_string()), headers::expiry(plan.begun_at)];
    if offset == plan.length {
        let plan = complete(app, author, parts, plan, turn).await?;
        told.extend(plan.document.map(|document| (header::CONTENT_LOCATION, content_url(document))));
    }
    Ok((StatusCode::NO_CONTENT, headers::map(told)).into_response())
}

/// Takes a file that has come as a whole. What is refused for good is thrown away; else its sender may ask again.
async fn complete(app: &App, author: &Author, parts: &Parts, plan: Plan, _: &Turn) -> Result<Plan> {
    if plan.document.is_some() {
        return Ok(plan);
    }
    let staged = staged::measure(parts.file()).await?;
    match keep::keep(&app.db, &app.uploads, author, &plan.details, &staged).await {
        Ok(document) => {
            let plan = Plan {
                document: Some(document.id()),
                ..plan
            };
            parts.finish(&plan).await?;
            Ok(plan)
        }
        Err(failure) => {
            if matches!(&failure, Failure::Refused(problem) if problem.code != ProblemCode::Unavailable) {
                parts.remove().await?;
            }
            Err(failure)
        }
    }
}

/// Cancel an upload
#[utoipa::path(
    delete, path = "/api/upload/resumable/{id}", tag = "files",
    params(("id" = String, Path, format = Uuid, description = "The upload."), ("Tus-Resumable" = String, Header, example = "1.0.0")),
    responses(
        (status = 204, description = "Nothing is left of it; a document that it has made stays."),
        problems::Permission,
        problems::NotFound,
        (status = 412, description = "Another version of tus.", body = ProblemAnswer),
    )
)]
async fn cancel_upload(State(app): State<App>, session: Session, Path(id): Path<String>) -> Result<Response> {
    let (parts, _) = find(&app, session.user.id, &id).await?;
    app.uploads.receiving.interrupt(parts.id()).await;
    parts.remove().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// An upload of this person. Another's lies in another folder: there is no way to it.
async fn find(app: &App, user: UserId, id: &str) -> Result<(Parts, Plan)> {
    let missing = || Failure::refused(ProblemCode::NotFound, "you have no such upload, or it has expired");
    let id: Uuid = id.parse().map_err(|_| missing())?;
    let parts = Parts::new(&app.settings.uploads.staging, user, id);
    let plan = parts.plan().await?.ok_or_else(missing)?;
    Ok((parts, plan))
}
