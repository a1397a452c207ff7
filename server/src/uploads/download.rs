//! Reading files: `GET /api/documents/{id}/content` and `/thumbnail`.
//!
//! A file is what somebody outside has sent. It is served as what it was recognised as and as nothing else, and should a
//! browser run it all the same, it runs in a sandbox without origin, scripts or network.
//!
//! **Invariant:** who does not see the document's row gets the answer that is given where there is none.

use super::{
    content::ContentKind,
    range::{Wanted, wanted},
    thumbnail::Edge,
};
use crate::{
    app::App,
    auth::Session,
    db::{entity::document_file, rows},
    openapi::problems,
    problem::{self, Failure, Result},
    web,
};
use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Row, RowId, Table};
use protocol::{Problem, ProblemCode, problem::ProblemAnswer};
use sea_orm::{EntityTrait, prelude::TextUuid};
use std::{collections::BTreeMap, fmt::Write};

const SANDBOX: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

/// A file never changes under its address. `Vary`: the next person at the same tablet is another reader.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    (header::VARY, "authorization, cookie"),
    (header::ACCEPT_RANGES, "bytes"),
    (header::CONTENT_SECURITY_POLICY, SANDBOX),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Which size of thumbnail.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ThumbnailSize {
    /// The longest edge in pixels: 160 (where nothing is said), 480 or 1280.
    size: Option<String>,
}

/// A document's file
///
/// Images are to be shown, PDFs to be saved. A part can be asked for with `Range`; `ETag` is the SHA-256 of the file.
#[utoipa::path(
    get, path = "/api/documents/{id}/content", tag = "files",
    params(("id" = String, Path, format = Uuid, description = "The document.")),
    responses(
        (status = 200, content_type = "application/octet-stream", description = "The file, under the type that it was recognised as."),
        (status = 206, content_type = "application/octet-stream", description = "The part that was asked for."),
        (status = 304, description = "The caller has it."),
        (status = 416, description = "The part lies beyond the end.", body = ProblemAnswer),
        problems::NotFound,
    )
)]
pub(super) async fn read_file(State(app): State<App>, session: Session, Path(id): Path<String>, headers: HeaderMap) -> Result<Response> {
    let (document, file) = find(&app, &session, &id).await?;
    let etag = format!("\"{}\"", file.content_hash);
    if web::assets::is_known(&headers, &etag) {
        return Ok(with_headers(StatusCode::NOT_MODIFIED.into_response(), &etag));
    }
    let size = u64::try_from(file.size_bytes).unwrap_or_default();
    // A part of another version would be put together with a part of this one.
    let is_same = headers.get(header::IF_RANGE).is_none_or(|asked| asked.as_bytes() == etag.as_bytes());
    let asked = headers.get(header::RANGE).filter(|_| is_same).and_then(|range| range.to_str().ok());
    let (status, part) = match wanted(asked, size) {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Beyond => return Ok(beyond(size)),
    };
    let length = part.end - part.start;
    let content_range = format!("bytes {}-{}/{size}", part.start, part.end.saturating_sub(1));
    let stream = app.uploads.storage.read(&file.content_hash, part).await?;
    let mut response = with_headers((status, Body::from_stream(stream)).into_response(), &etag);
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_LENGTH, length.into());
    if status == StatusCode::PARTIAL_CONTENT {
        insert(answer, header::CONTENT_RANGE, &content_range);
    }
    insert(answer, header::CONTENT_TYPE, &file.content_type);
    let kind = ContentKind::from_media_type(&file.content_type);
    insert(
        answer,
        header::CONTENT_DISPOSITION,
        &disposition(kind, document.text("file_name").unwrap_or("file")),
    );
    Ok(response)
}

/// A small picture of a document's file
///
/// A JPEG, upright, without the photo's metadata. There is none of PDFs, of HEIC images, and of pictures too large to be read safely: 404.
#[utoipa::path(
    get, path = "/api/documents/{id}/thumbnail", tag = "files",
    params(("id" = String, Path, format = Uuid, description = "The document."), ThumbnailSize),
    responses(
        (status = 200, content_type = "image/jpeg", description = "The thumbnail."),
        (status = 304, description = "The caller has it."),
        problems::NotFound,
        problems::Validation,
    )
)]
pub(super) async fn read_thumbnail(
    State(app): State<App>,
    session: Session,
    Path(id): Path<String>,
    Query(asked): Query<ThumbnailSize>,
    headers: HeaderMap,
) -> Result<Response> {
    let edge = match &asked.size {
        None => Edge::SMALL,
        Some(size) => size.parse().ok().and_then(Edge::from_pixels).ok_or_else(wrong_size)?,
    };
    let (_, file) = find(&app, &session, &id).await?;
    let etag = format!("\"{}-{}\"", file.content_hash, edge.pixels());
    if web::assets::is_known(&headers, &etag) {
        return Ok(with_headers(StatusCode::NOT_MODIFIED.into_response(), &etag));
    }
    let storage = &app.uploads.storage;
    let bytes = match storage.thumbnail(&file.content_hash, edge).await? {
        Some(bytes) => bytes,
        None => {
            let none = |_| Failure::refused(ProblemCode::NotFound, "there is no thumbnail of this file");
            let kind = ContentKind::from_media_type(&file.content_type).filter(|kind| kind.image_format().is_some());
            let kind = kind.ok_or(()).map_err(none)?;
            let whole = storage.bytes(&file.content_hash).await?;
            let made = app.uploads.thumbnails.make(whole, kind, edge).await.map_err(|_| none(()))?;
            storage.keep_thumbnail(&file.content_hash, edge, made.clone()).await?;
            made
        }
    };
    let mut response = with_headers(Body::from(bytes).into_response(), &etag);
    insert(response.headers_mut(), header::CONTENT_TYPE, "image/jpeg");
    insert(response.headers_mut(), header::CONTENT_DISPOSITION, "inline");
    Ok(response)
}

/// The document, if the caller sees it, and its file, if that has come.
async fn find(app: &App, session: &Session, id: &str) -> Result<(Row, document_file::Model)> {
    let missing = |message: &str| Failure::refused(ProblemCode::NotFound, message);
    let id: RowId = id.parse().map_err(|_| missing("there is no such document"))?;
    let db = app.db.readers();
    let seen = session.viewer().sees(Table::Documents);
    let document = rows::find(db, Table::Documents, id).await?.filter(|document| seen.admits(document));
    let document = document.ok_or_else(|| missing("there is no such document"))?;
    let file = document_file::Entity::find_by_id(TextUuid(id.0)).one(db).await?;
    Ok((document, file.ok_or_else(|| missing("this file has not been uploaded yet"))?))
}

fn with_headers(mut response: Response, etag: &str) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    insert(response.headers_mut(), header::ETAG, etag);
    response
}

fn beyond(size: u64) -> Response {
    let mut response = problem::answer(Problem::new(ProblemCode::Validation, "this part lies beyond the end of the file"));
    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
    response
}

fn wrong_size() -> Failure {
    let sizes = Edge::ALL.map(|edge| edge.pixels().to_string()).join(", ");
    let problem = format!("must be one of {sizes}");
    Problem::validation(format!("size {problem}"), BTreeMap::from([("size".to_owned(), problem)])).into()
}

/// The name for saving, in the form that old programs read and in the one that keeps it as it is.
fn disposition(kind: Option<ContentKind>, name: &str) -> String {
    let way = if kind.is_some_and(ContentKind::is_shown_in_place) {
        "inline"
    } else {
        "attachment"
    };
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            exact.push(char::from(byte));
        } else {
            let _ = write!(exact, "%{byte:02X}");
        }
    }
    format!("{way}; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ' | '(' | ')')
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        let header = disposition(Some(ContentKind::Jpeg), "кухня\"\r\nX: 1;.jpg");
        assert_eq!(
            header,
            "inline; filename=\"________X_ 1_.jpg\"; filename*=UTF-8''%D0%BA%D1%83%D1%85%D0%BD%D1%8F%22%0D%0AX%3A%201%3B.jpg"
        );
        assert!(disposition(Some(ContentKind::Pdf), "a.pdf").starts_with("attachment;"));
        assert!(disposition(None, "a").starts_with("attachment;"));
    }
}
