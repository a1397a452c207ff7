//! Entries about what is not a change of a synced row.
//!
//! **Invariant:** an entry says which columns changed from what it holds itself: the differences of `old` and `new`.

use crate::{db::entity::audit_log, problem::Result, web::client::Client};
use domain::{Timestamp, UserId, Viewer};
use sea_orm::{ConnectionTrait, EntityTrait, NotSet, Set, prelude::TextUuid};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What is to be remembered.
pub struct Note<'a> {
    /// Who did it; none where nobody is signed in, and on the command line.
    pub by: Option<Viewer>,
    /// Where from.
    pub client: &'a Client,
    /// What it was done to: a table's SQL name, or `reports`.
    pub table: &'static str,
    /// Which row of it; nil where there is none.
    pub row_id: Uuid,
    /// Whose write it is about, where that is somebody else's.
    pub on_behalf_of: Option<UserId>,
    /// What was done: `sign-in`, `sign-in-failed`, `sign-out`, `end-session`, `export`; for an account `create`, `update`, `reset-password`.
    pub operation: &'static str,
    /// What stood there before: an object, without secrets.
    pub old: Option<Json>,
    /// What stands there now: an object, without secrets.
    pub new: Option<Json>,
}

/// Writes an entry. In the transaction of what it tells of, where there is one.
pub async fn note(db: &impl ConnectionTrait, note: Note<'_>, at: Timestamp) -> Result<()> {
    let entry = audit_log::ActiveModel {
        id: NotSet,
        at: Set(at.micros()),
        user_id: Set(TextUuid(note.by.map_or_else(Uuid::nil, |by| by.user.0))),
        role: Set(note.by.map(|by| by.role.name().to_owned()).unwrap_or_default()),
        address: Set(note.client.address.clone()),
        user_agent: Set(note.client.agent.clone()),
        table_name: Set(note.table.to_owned()),
        row_id: Set(TextUuid(note.row_id)),
        operation: Set(note.operation.to_owned()),
        write_id: Set(None),
        on_behalf_of: Set(note.on_behalf_of.map(|user| user.to_string())),
        changed_columns: Set(Json::from_iter(changed(note.old.as_ref(), note.new.as_ref())).to_string()),
        old_row: Set(note.old.as_ref().map(Json::to_string)),
        new_row: Set(note.new.as_ref().map(Json::to_string)),
    };
    audit_log::Entity::insert(entry).exec_without_returning(db).await?;
    Ok(())
}

fn changed<'a>(old: Option<&'a Json>, new: Option<&'a Json>) -> BTreeSet<&'a str> {
    let names = |json: Option<&'a Json>| json.and_then(Json::as_object).into_iter().flat_map(|json| json.keys().map(String::as_str));
    let value = |json: Option<&'a Json>, name: &str| json.and_then(|json| json.get(name)).filter(|value| !value.is_null());
    names(old).chain(names(new)).filter(|name| value(old, name) != value(new, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_has_changed() {
        let (old, new) = (
            json!({"name": "Ann", "phone": null, "role": "ADMIN"}),
            json!({"name": "Ann", "role": "VENDOR", "vendor_id": "7"}),
        );
        let names = |old, new| changed(old, new).into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(names(Some(&old), Some(&new)), ["role", "vendor_id"]);
        assert_eq!(names(None, Some(&old)), ["name", "role"], "what is null was not given");
        assert!(names(None, None).is_empty());
    }
}
