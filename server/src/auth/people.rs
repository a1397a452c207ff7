//! `GET /api/people`: who there is, as everybody may know it.
//!
//! **Invariant:** id, name and role of active people; addresses, numbers and the rest are for administrators.

use super::{Session, accounts};
use crate::{app::App, problem::Result};
use axum::{Json, extract::State};
use domain::{Role, UserId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Everybody who may sign in, by name.
#[derive(Serialize, ToSchema)]
struct People {
    people: Vec<Person>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
struct Person {
    /// As rows name them: `property_manager_id`, `updated_by`.
    id: UserId,
    /// As it stands on the screen.
    name: String,
    /// What they may do.
    role: Role,
}

/// Who there is
///
/// The active accounts by name, for everybody who is signed in: ids in rows become names with this.
#[utoipa::path(
    get,
    path = "/api/people",
    tag = "account",
    operation_id = "people",
    responses((status = 200, description = "Id, name and role of everybody who may sign in.", body = People))
)]
async fn list(State(app): State<App>, _: Session) -> Result<Json<People>> {
    let active = accounts::all(app.db.readers()).await?.into_iter().filter(|account| account.is_active);
    let person = |account| {
        let role = accounts::role(&account)?;
        Ok(Person {
            id: UserId(account.id.0),
            name: account.name,
            role,
        })
    };
    let people = active.map(person).collect::<Result<_>>()?;
    Ok(Json(People { people }))
}
