//! `/api/admin/approval-thresholds`: from which amount the director of field operations, and after them the home office,
//! must approve.
//!
//! **Invariant:** the home office is never asked for less than the director is.

use super::{Administrator, account::read, users::by};
use crate::{
    app::App,
    audit::{self, Note},
    clock,
    db::entity::approval_threshold,
    problem::Result,
    web::{body::JsonBody, client::Client, fields::WrongFields},
};
use axum::{Json, extract::State};
use domain::{Cents, ColumnType, Value, approval::Thresholds};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

const MONEY: ColumnType = ColumnType::Numeric { scale: 2, digits: 12 };

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, replace))
}

/// Both levels.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ApprovalThresholds)]
struct ThresholdsBody {
    /// The director of field operations.
    dfo: LevelBody,
    /// The home office, which is asked after the director.
    ho: LevelBody,
}

/// One level.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ApprovalThreshold)]
struct LevelBody {
    /// `3000.00`: this much or more must be approved.
    #[schema(pattern = r"^[0-9]{1,10}(\.[0-9]{1,2}0*)?$")]
    from_amount: String,
}

/// From which amount somebody must approve
#[utoipa::path(
    get,
    path = "/api/admin/approval-thresholds",
    tag = "admin",
    operation_id = "approval_thresholds",
    responses((status = 200, description = "What is in force.", body = ThresholdsBody))
)]
async fn show(State(app): State<App>, _: Administrator) -> Result<Json<ThresholdsBody>> {
    Ok(Json(ThresholdsBody::of(approval_threshold::read(app.db.readers()).await?)))
}

/// Set from which amount somebody must approve
///
/// Both levels at once. Counts for what is asked for from now on; what is decided stays decided.
#[utoipa::path(
    put,
    path = "/api/admin/approval-thresholds",
    tag = "admin",
    operation_id = "replace_approval_thresholds",
    request_body(content = ThresholdsBody, example = json!({"dfo": {"fromAmount": "3000.00"}, "ho": {"fromAmount": "10000.00"}})),
    responses((status = 200, description = "What is in force now.", body = ThresholdsBody))
)]
async fn replace(State(app): State<App>, administrator: Administrator, client: Client, JsonBody(body): JsonBody) -> Result<Json<ThresholdsBody>> {
    let wanted = read::<ThresholdsBody>(body)?.check()?;
    let (by, at) = (by(administrator, client), clock::now());
    let tx = app.db.write().await?;
    let before = approval_threshold::read(&*tx).await?;
    if wanted != before {
        approval_threshold::write(&*tx, wanted).await?;
        let entry = Note {
            by: by.viewer,
            client: &by.client,
            table: "approval_thresholds",
            row_id: Uuid::nil(),
            on_behalf_of: None,
            operation: "update",
            old: Some(audited(before)),
            new: Some(audited(wanted)),
        };
        audit::note(&*tx, entry, at).await?;
    }
    tx.commit().await?;
    Ok(Json(ThresholdsBody::of(wanted)))
}

impl ThresholdsBody {
    fn of(thresholds: Thresholds) -> Self {
        let level = |from| LevelBody { from_amount: money(from) };
        Self {
            dfo: level(thresholds.dfo),
            ho: level(thresholds.ho),
        }
    }

    fn check(&self) -> Result<Thresholds> {
        let mut wrong = WrongFields::default();
        let dfo = wrong.take("dfo.fromAmount", amount(&self.dfo.from_amount));
        let ho = wrong.take("ho.fromAmount", amount(&self.ho.from_amount));
        match (dfo, ho) {
            (Some(dfo), Some(ho)) if dfo <= ho => Ok(Thresholds { dfo, ho }),
            (Some(_), Some(_)) => Err(WrongFields::only("ho.fromAmount", "must be at least as much as the director’s")),
            _ => Err(wrong.into()),
        }
    }
}

fn amount(text: &str) -> Result<Cents, &'static str> {
    match Value::from_pg_text(MONEY, Some(text)) {
        Ok(Value::Numeric(cents)) if cents >= 0 => Ok(Cents(cents)),
        _ => Err("must be an amount such as 3000.00"),
    }
}

fn money(amount: Cents) -> String {
    Value::Numeric(amount.0).to_pg_text(MONEY).unwrap_or_default()
}

fn audited(thresholds: Thresholds) -> serde_json::Value {
    json!({"dfo": money(thresholds.dfo), "ho": money(thresholds.ho)})
}
