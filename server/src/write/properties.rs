//! What is particular to properties: whose they are, and that this decides who sees their turns.
//!
//! **Invariant:** a turn and its scope items always carry the managers of their property.

use super::{
    author::Author,
    carry_out::{RowChange, record},
    intent::Intent,
    refusal,
};
use crate::{
    auth::accounts,
    db::{Transaction, rows},
    problem::{Failure, Result},
};
use domain::{Operation, Role, Row, Table, Timestamp, Value, mutation::inherit_visibility};
use protocol::ProblemCode;

const MANAGERS: [&str; 2] = ["property_manager_id", "sr_property_manager_id"];

/// A manager who makes a property and names nobody keeps it; otherwise it would be gone from sight at once.
pub fn keep_for_author(author: &Author, property: &mut Row) {
    for (column, value) in author.viewer.sees(Table::Properties).alternatives().iter().flatten() {
        if property.get(column).is_null() {
            property.set(column, value.clone());
        }
    }
}

/// Checks what must be unique, and that managers are people who are there.
pub async fn require_consistent(tx: &Transaction, before: Option<&Row>, after: &Row) -> Result<()> {
    let changed = |column: &str| before.is_none_or(|before| before.get(column) != after.get(column));
    if changed("property_number") {
        let same = rows::find_where(&**tx, Table::Properties, "property_number", after.get("property_number")).await?;
        if same.is_some_and(|other| other.id() != after.id()) {
            return Err(refusal::field("property_number", "is already another property’s"));
        }
    }
    for column in MANAGERS {
        let Some(manager) = after.user_id(column).filter(|_| changed(column)) else {
            continue;
        };
        let account = accounts::by_id(&**tx, manager).await?.filter(|account| account.is_active);
        let role = account.and_then(|account| Role::from_name(&account.role));
        if !role.is_some_and(|role| role.may(Operation::Update, Table::Properties)) {
            return Err(refusal::field(column, "names nobody who manages properties"));
        }
    }
    Ok(())
}

/// A property with turns stays: its turns are its history.
pub async fn require_deletable(tx: &Transaction, intent: &Intent) -> Result<()> {
    let id = Value::Uuid(intent.row_id.0);
    if intent.table == Table::Properties && rows::find_where(&**tx, Table::Turns, "property_id", &id).await?.is_some() {
        return Err(Failure::refused(
            ProblemCode::Validation,
            "this property has turns; make it inactive instead of deleting it",
        ));
    }
    Ok(())
}

/// Brings new managers to the property's turns and their scope items.
pub async fn hand_over(tx: &mut Transaction, author: &Author, intent: &Intent, before: &Row, after: &Row, at: Timestamp) -> Result<()> {
    if MANAGERS.iter().all(|column| before.get(column) == after.get(column)) {
        return Ok(());
    }
    for turn in rows::all_where(&**tx, Table::Turns, "property_id", after.get("id")).await? {
        let handed_over = inherit(tx, author, intent, turn, after, at).await?;
        for item in rows::all_where(&**tx, Table::ScopeItems, "turn_id", handed_over.get("id")).await? {
            inherit(tx, author, intent, item, &handed_over, at).await?;
        }
    }
    Ok(())
}

async fn inherit(tx: &mut Transaction, author: &Author, intent: &Intent, row: Row, parent: &Row, at: Timestamp) -> Result<Row> {
    let mut changed = row.clone();
    inherit_visibility(&mut changed, parent);
    changed.set("version", Value::Int(row.version() + 1));
    changed.set("updated_at", Value::Timestamp(at));
    changed.set("updated_by", Value::Uuid(author.user().0));
    let change = RowChange {
        old: Some(row),
        new: Some(changed.clone()),
        operation: Operation::Update,
        write_id: Some(intent.write_id),
    };
    record(tx, author, change, at).await?;
    Ok(changed)
}
