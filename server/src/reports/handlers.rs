//! `GET /api/reports/dashboard` and `GET /api/reports/export`.
//!
//! **Invariant:** who may have a report is decided before a parameter is read, so that a refusal tells nothing else.

use super::{
    dashboard::{self, Dashboard, Source},
    export::{self, ExportParameters},
    filters::Selection,
    parameters::{FilterParameters, Parameters},
    scope::Scope,
};
use crate::{app::App, auth::Session, clock, db::Db, openapi::problems, problem::Result};
use axum::{
    Json,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use sea_orm::DatabaseConnection;
use std::collections::HashMap;
use utoipa_axum::{router::OpenApiRouter, routes};

const FILTERS: [&str; 6] = ["stage", "manager", "market", "vendor", "from", "to"];

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_dashboard)).routes(routes!(export_table))
}

/// The office's figures
///
/// Turns, costs, vacancy, approvals and vendors at one glance. Administrators and approvers see the whole portfolio, managers the homes
/// that they look after. `from` and `to` are the days of completion that the figures of finished turns count, by default this month
/// and the twelve before it; at most 60 months. The other figures are those of now.
#[utoipa::path(
    get,
    path = "/api/reports/dashboard",
    tag = "reports",
    params(FilterParameters),
    responses(
        (status = 200, description = "The figures.", body = Dashboard),
        problems::Permission,
        problems::Validation,
    )
)]
async fn read_dashboard(State(app): State<App>, session: Session, Query(given): Query<HashMap<String, String>>) -> Result<Response> {
    let scope = Scope::of(&session.viewer())?;
    let (db, source) = readable(&app.db).await;
    let now = clock::now();
    let mut parameters = Parameters::read(given, &FILTERS);
    let filters = parameters.filters(&db).await?;
    let period = parameters.period(&filters, now.date_utc());
    parameters.check()?;
    let figures = dashboard::read(&db, source, &Selection { scope, filters }, period, now).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(figures)).into_response())
}

/// A table as a file
///
/// Properties, turns or vendors, past ones too, as CSV, as an Excel workbook or as a PDF with totals and a chart. Streamed: a file that
/// cannot be finished breaks off, it never just ends early. Administrators and approvers get the whole portfolio, managers the homes that
/// they look after; vendors are for administrators and managers. Lock-box codes are in no export, tax ids only in administrators'.
#[utoipa::path(
    get,
    path = "/api/reports/export",
    tag = "reports",
    params(ExportParameters, FilterParameters),
    responses(
        (status = 200, description = "The file", content(
            (Vec<u8> = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            (Vec<u8> = "application/pdf"),
        ), headers(("Content-Disposition" = String, description = "`attachment; filename=\"turns-2026-11-23.csv\"`"))),
        problems::Permission,
        problems::Validation,
        problems::Unavailable,
    )
)]
async fn export_table(State(app): State<App>, session: Session, Query(given): Query<HashMap<String, String>>) -> Result<Response> {
    let scope = Scope::of(&session.viewer())?;
    let (db, _) = readable(&app.db).await;
    let known: Vec<_> = export::NAMES.into_iter().chain(FILTERS).collect();
    let mut parameters = Parameters::read(given, &known);
    let wanted = export::Wanted::read(&mut parameters, &session.viewer())?;
    let filters = parameters.filters(&db).await?;
    parameters.check()?;
    export::answer(&db, wanted, &Selection { scope, filters }, session.user.name, clock::now()).await
}

async fn readable(db: &Db) -> (DatabaseConnection, Source) {
    match db.near_replica().await {
        Some(replica) => (replica, Source::Replica),
        None => (db.readers().clone(), Source::Primary),
    }
}
