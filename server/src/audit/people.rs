//! Names for the ids that the logs hold.
//!
//! **Invariant:** a name is shown as it is today; the log itself holds only the id, which never changes.

use crate::{db::entity::user, problem::Result};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

/// Somebody, as others may know them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Doer {
    /// The account.
    pub id: Uuid,
    /// As it stands on the screen.
    pub name: String,
}

/// People by id.
pub struct People(HashMap<Uuid, String>);

impl People {
    /// Reads the names of these, with one statement.
    pub async fn named(db: &impl ConnectionTrait, ids: impl IntoIterator<Item = Uuid>) -> Result<Self> {
        let ids: BTreeSet<String> = ids.into_iter().filter(|id| !id.is_nil()).map(|id| id.to_string()).collect();
        if ids.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        let users = user::Entity::find().filter(user::Column::Id.is_in(ids)).all(db).await?;
        Ok(Self(users.into_iter().map(|user| (user.id.0, user.name)).collect()))
    }

    /// Who this is; none for nobody, and for an account that is gone.
    pub fn get(&self, id: Uuid) -> Option<Doer> {
        self.0.get(&id).map(|name| Doer { id, name: name.clone() })
    }
}
