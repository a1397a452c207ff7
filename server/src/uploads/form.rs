//! `POST /api/upload`: a file and what is said about it, in one form.
//!
//! **Invariant:** no more of the file is in memory than the piece that has just come.

use super::{
    answer::UploadAnswer,
    details::Details,
    keep,
    staged::{self, Staged},
    to_the_end,
};
use crate::{
    app::App,
    auth::Session,
    ids,
    openapi::problems,
    problem::{Failure, Result},
    web::client::Client,
    write::Author,
};
use axum::{
    Json,
    extract::{
        Multipart, State,
        multipart::{Field, MultipartError},
    },
};
use futures::TryStreamExt;
use protocol::{Problem, ProblemCode};
use std::{collections::BTreeMap, path::Path};
use tempfile::TempPath;

/// The most that one field of text may hold, and the most fields.
const MAX_FIELD_BYTES: usize = 8 * 1024;
const MAX_FIELDS: usize = 20;

/// The form, for the API's description; it is read piece by piece.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes; nothing is read into it")]
pub(super) struct UploadForm {
    /// The file: a JPEG, PNG, WebP or HEIC image or a PDF.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
    /// `property`, `turn`, `scope_item` or `vendor`.
    entity_type: String,
    /// What the file belongs to.
    #[schema(format = Uuid)]
    entity_id: String,
    /// The document's id (UUIDv7), made by the device; sent twice, it is still one document.
    #[schema(format = Uuid)]
    document_id: Option<String>,
    /// `scope_photo`, `before`, `after`, `change_order`, `lock_box`, `scan_360` or `other`.
    kind: Option<String>,
    /// A sentence about it.
    caption: Option<String>,
    /// When it was taken.
    taken_at: Option<String>,
    /// The idempotency key of the write.
    #[schema(format = Uuid)]
    write_id: Option<String>,
}

/// Store a photo or a paper
///
/// The type is recognised from the file's bytes, whatever its name says. The same file sent twice is stored once. Where a device has
/// made the document's row before (`POST /api/write/documents`), `documentId` names it and only the bytes are stored.
#[utoipa::path(
    post,
    path = "/api/upload",
    tag = "files",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The file is stored, with its document.", body = UploadAnswer),
        problems::NotFound,
        problems::Validation,
    )
)]
pub(super) async fn upload_file(
    State(app): State<App>,
    session: Session,
    client: Client,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Json<UploadAnswer>> {
    let form = form.map_err(|_| refused("send a form (multipart/form-data) with the file in it"))?;
    let author = Author::new(&session, client);
    let (fields, file) = read(&app, &author, form).await?;
    let details = Details::read(&fields, ids::new_id())?;
    let Some((staged, guard)) = file else {
        return Err(Problem::validation("there is no file", BTreeMap::from([("file".to_owned(), "is required".to_owned())])).into());
    };
    let document = to_the_end(async move {
        let document = keep::keep(&app.db, &app.uploads, &author, &details, &staged).await;
        drop(guard);
        Ok(UploadAnswer::new(&document?, &author))
    })
    .await?;
    Ok(Json(document))
}

type Read = (BTreeMap<String, String>, Option<(Staged, TempPath)>);

async fn read(app: &App, author: &Author, mut form: Multipart) -> Result<Read> {
    let (mut fields, mut file) = (BTreeMap::new(), None);
    while let Some(field) = staged::within_patience(form.next_field()).await?.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" && file.is_none() {
            let told = field.file_name().unwrap_or_default().to_owned();
            fields.entry("filename".to_owned()).or_insert(told);
            // Where the sender has said already what it is for, a stranger's file is refused before it is read.
            if let Ok(details) = Details::read(&fields, ids::new_id()) {
                keep::require_place(app.db.readers(), author, &details).await?;
            }
            let limits = &app.settings.uploads;
            file = Some(read_file(field, &limits.staging, limits.max_bytes).await?);
        } else if fields.len() < MAX_FIELDS {
            fields.insert(name, read_text(field).await?);
        } else {
            return Err(refused("the form has too many fields"));
        }
    }
    Ok((fields, file))
}

async fn read_file(field: Field<'_>, folder: &Path, max_bytes: u64) -> Result<(Staged, TempPath)> {
    staged::receive(folder, max_bytes, field.map_err(broken)).await
}

async fn read_text(mut field: Field<'_>) -> Result<String> {
    let mut bytes = vec![];
    while let Some(chunk) = staged::within_patience(field.chunk()).await?.map_err(broken)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_FIELD_BYTES {
            return Err(refused("a field of the form is too long"));
        }
    }
    String::from_utf8(bytes).map_err(|_| refused("a field of the form is not UTF-8"))
}

fn broken(_: MultipartError) -> Failure {
    refused("the form is broken or ended early")
}

fn refused(message: &str) -> Failure {
    Failure::refused(ProblemCode::Validation, message)
}
