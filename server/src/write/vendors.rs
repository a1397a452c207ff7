//! What is particular to vendors.
//!
//! **Invariant:** a vendor that ever worked on a turn stays: the turn's history names it.

use crate::{
    db::Unit,
    problem::{Failure, Result},
};
use domain::{RowId, Table, Value};
use protocol::ProblemCode;

/// Refuses to delete a vendor with turns.
pub async fn require_deletable(unit: &mut Unit, id: RowId) -> Result<()> {
    for column in ["vendor_id", "flooring_vendor_id"] {
        if unit.find_where(Table::Turns, column, &Value::Uuid(id.0)).await?.is_some() {
            return Err(Failure::refused(
                ProblemCode::Validation,
                "this vendor has worked on turns; make it inactive instead of deleting it",
            ));
        }
    }
    Ok(())
}
