//! `POST /api/admin/unsent`: an administrator brings a device's file.
//!
//! **Invariant:** a passphrase is tried as a password is: counted before any work is done for it.

use super::{
    apply::{self, Imported},
    open::{self, Unopened},
};
use crate::{
    admin::Administrator,
    app::App,
    audit::{self, Note},
    auth::{accounts, attempt},
    clock,
    db::Db,
    openapi::problems,
    problem::{Failure, Result},
    uploads::handed_over::Shelf,
    web::{body::JsonBody, client::Client, fields::WrongFields},
    write::Author,
};
use axum::{Json, extract::State};
use domain::{Timestamp, UserId, Viewer};
use protocol::{
    ProblemCode,
    handover::{DeviceWrites, SealedWrites},
};
use serde::Deserialize;
use serde_json::{Value as JsonValue, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The route of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(import))
}

/// A device's file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HandedOver {
    /// As the device has made it.
    #[schema(value_type = SealedWrites)]
    file: JsonValue,
    /// What it was sealed with.
    #[schema(min_length = 12)]
    passphrase: String,
}

/// Import a device's unsent work
///
/// Opens the file and applies what is not applied yet, as its user's writes, with the rights that they have now; what they may not do any
/// more, or all of it where the account is closed, is kept for a supervisor. Then keeps the photos of the file whose documents are there.
/// Imported again, or sent by the device all the same, each write
/// is applied once. Approvals do not come by file. 32 MB at most; the command line takes any size.
#[utoipa::path(
    post,
    path = "/api/admin/unsent",
    tag = "admin",
    operation_id = "import_unsent",
    request_body(content = HandedOver),
    responses(
        (status = 200, description = "The file was opened; what came of each write.", body = Imported),
        problems::Validation,
    )
)]
async fn import(State(app): State<App>, Administrator(session): Administrator, client: Client, JsonBody(body): JsonBody) -> Result<Json<Imported>> {
    // The body is not told of: it holds the passphrase.
    let HandedOver { file, passphrase } =
        serde_json::from_value(body).map_err(|_| Failure::refused(ProblemCode::Validation, "send a file and its passphrase"))?;
    let at = clock::now();
    let attempt = attempt::admit(&app, &client, &session.user.email, at).await?;
    let device = match open::open(file, passphrase).await {
        Err(wrong @ Unopened::Passphrase) => return Err(WrongFields::only(wrong.field(), wrong)),
        opened => {
            attempt.succeeded().await;
            opened.map_err(|wrong| WrongFields::only(wrong.field(), wrong))?
        }
    };
    let by = format!("handed over, imported by {}", session.user.email);
    let author = author(&app.db, &device, &client, &by).await?;
    let shelf = Shelf {
        db: &app.db,
        uploads: &app.uploads,
        settings: &app.settings.uploads,
    };
    let imported = apply::apply(shelf, &app.writes, &author, device, at).await?;
    note(&app.db, Some(session.viewer()), &client, &imported, at).await?;
    Ok(Json(imported))
}

/// The person whose writes a file has, as their account stands now; `by` is what the audit log says of the way.
pub async fn author(db: &Db, device: &DeviceWrites, client: &Client, by: &str) -> Result<Author> {
    let account = accounts::by_id(db.readers(), device.user.id).await?;
    let account = account.ok_or_else(|| WrongFields::only("file", "has the work of somebody who has no account here"))?;
    let client = Client {
        agent: Some(by.to_owned()),
        ..client.clone()
    };
    Author::of_account(account, client)
}

/// Remembers that a file was imported, and by whom.
pub async fn note(db: &Db, by: Option<Viewer>, client: &Client, imported: &Imported, at: Timestamp) -> Result<()> {
    let UserId(user) = imported.user.id;
    let entry = Note {
        by,
        client,
        table: "users",
        row_id: user,
        on_behalf_of: Some(imported.user.id),
        operation: "import-unsent",
        old: None,
        new: Some(json!({"device_id": imported.device_id, "counts": imported.counts, "photos": imported.photos_kept()})),
    };
    let tx = db.write().await?;
    audit::note(&*tx, entry, at).await?;
    tx.commit().await
}
