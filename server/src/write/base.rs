//! What a write was made on: the version its author saw, or the writes that it builds on.
//!
//! A device that is offline edits a row twice. The second edit cannot know the version that the first will get,
//! so it names the first instead.
//!
//! **Invariant:** a write never lands on a base that its author did not see.

use super::{author::Author, intent::Intent, refusal};
use crate::{
    db::Unit,
    problem::{Failure, Result},
};
use domain::{Operation, Row, UserId};
use protocol::ProblemCode;

/// The version that the row must have: the greater of what the write says and what its ancestors made, as far as these were made on
/// what this one's author saw. A device that
/// merged a conflict has rebased the write on a version after theirs. `None` where nothing says so.
///
/// Refused as `BLOCKED` while one of the writes that this one builds on has not been applied.
pub async fn expected_version(unit: &mut Unit, whose: UserId, intent: &Intent) -> Result<Option<i64>> {
    let mut latest = None;
    for ancestor in &intent.after {
        let receipt = unit.receipt(*ancestor).await?.filter(|receipt| receipt.user_id.0 == whose.0);
        let Some(receipt) = receipt else {
            return Err(Failure::refused(
                ProblemCode::Blocked,
                format!("this builds on the write {ancestor}, which has not been applied"),
            ));
        };
        if receipt.table_name != intent.table.sql_name() || receipt.row_id.0 != intent.row_id.0 {
            continue;
        }
        // It was merged with a version that this one's author has not seen: a request that was long on its way, or a tap that was made
        // while the answer was. Building on it would land on that unseen.
        if receipt.base_version > intent.version {
            return Ok(Some(intent.version.unwrap_or(0)));
        }
        latest = latest.max(receipt.version);
    }
    Ok(latest.max(intent.version))
}

/// Refuses a write whose row has moved on.
pub fn require_version(author: &Author, intent: &Intent, expected: Option<i64>, current: Option<&Row>) -> Result<()> {
    let Some(current) = current.filter(|_| intent.operation != Operation::Create) else {
        return Ok(());
    };
    // A decision is bound to the scope that it names, which says more than a version.
    let is_decision = matches!(intent.operation, Operation::Approve | Operation::Reject);
    match expected {
        Some(version) if version == current.version() => Ok(()),
        Some(version) => Err(refusal::conflict(author, intent, Some(version), current)),
        None if is_decision => Ok(()),
        None => Err(refusal::field("version", "is required: say which version you changed")),
    }
}
