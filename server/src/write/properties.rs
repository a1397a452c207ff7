//! What is particular to properties: whose they are, and what must name somebody.
//!
//! **Invariant:** a property's managers are active accounts of people who manage.

use super::{author::Author, refusal};
use crate::{
    auth::accounts,
    db::Unit,
    problem::{Failure, Result},
};
use domain::{Operation, Role, Row, RowId, Table, Value};
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

/// Checks that what it names is there.
pub async fn require_consistent(unit: &mut Unit, before: Option<&Row>, after: &Row) -> Result<()> {
    let changed = |column: &str| before.is_none_or(|before| before.get(column) != after.get(column));
    if let Some(kind) = after.row_id("property_type_id").filter(|_| changed("property_type_id"))
        && unit.find(Table::PropertyTypes, kind).await?.is_none()
    {
        return Err(refusal::field("property_type_id", "names no type of property"));
    }
    for column in MANAGERS {
        let Some(manager) = after.user_id(column).filter(|_| changed(column)) else {
            continue;
        };
        let account = accounts::by_id(&***unit, manager).await?.filter(|account| account.is_active);
        let role = account.and_then(|account| Role::from_name(&account.role));
        if !role.is_some_and(|role| role.may(Operation::Update, Table::Properties)) {
            return Err(refusal::field(column, "names nobody who manages properties"));
        }
    }
    Ok(())
}

/// A property with turns stays: its turns are its history.
pub async fn require_deletable(unit: &mut Unit, id: RowId) -> Result<()> {
    if unit.find_where(Table::Turns, "property_id", &Value::Uuid(id.0)).await?.is_some() {
        return Err(Failure::refused(
            ProblemCode::Validation,
            "this property has turns; make it inactive instead of deleting it",
        ));
    }
    Ok(())
}
