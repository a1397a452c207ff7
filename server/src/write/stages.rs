//! What is particular to the reference data that administrators keep: stages.
//!
//! **Invariant:** there is one default stage, and it is in use.

use super::{
    carry_out::{Hand, RowChange, record},
    refusal,
};
use crate::{db::Unit, problem::Result};
use domain::{Row, Table, Value};

/// Checks a stage before it is kept.
pub fn require_consistent(before: Option<&Row>, after: &Row) -> Result<()> {
    let was_default = before.is_some_and(|before| before.flag("is_default"));
    if was_default && !after.flag("is_default") {
        return Err(refusal::field("is_default", "goes when another stage becomes the default"));
    }
    if after.flag("is_default") && !after.flag("is_active") {
        return Err(refusal::field("is_active", "must be true for the stage that turns begin in"));
    }
    Ok(())
}

/// A new default takes the place of the old one.
pub async fn follow(unit: &mut Unit, hand: Hand<'_>, stage: &Row) -> Result<()> {
    if !stage.flag("is_default") {
        return Ok(());
    }
    for other in unit.all_where(Table::TurnStages, "is_default", &Value::Bool(true)).await? {
        if other.id() == stage.id() {
            continue;
        }
        let mut plain = other.clone();
        plain.set("is_default", Value::Bool(false));
        plain.set("version", Value::Int(other.version() + 1));
        record(unit, hand, RowChange::update(other, plain)).await?;
    }
    Ok(())
}
