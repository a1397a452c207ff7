//! The rows of a subset.
//!
//! The database orders them, and spares us most that are not wanted; which are is decided here, so what it brings may be too
//! much and is read on until there is enough.
//!
//! **Invariant:** the order is total, so pages of one subset at one state neither overlap nor leave a row out.

use super::Subset;
use crate::{
    config::Limits,
    db::rows,
    problem::Result,
    shapes::{clause, shape::Shape},
};
use domain::Row;
use sea_orm::{ConnectionTrait, sea_query::Cond};

/// Hands each row that is wanted to `take`, in order, until it takes no more. `db` must see one state.
pub async fn each(db: &impl ConnectionTrait, shape: &Shape, subset: &Subset, limits: &Limits, mut take: impl FnMut(&Row) -> bool) -> Result<()> {
    let backend = db.get_database_backend();
    let clauses = [&shape.clause, &subset.clause].into_iter().flatten();
    let wanted = clauses.fold(Cond::all(), |all, clause| all.add(clause::condition(backend, shape.table, clause)));
    let is_wanted = |row: &&Row| shape.holds(row) && subset.clause.as_ref().is_none_or(|clause| clause.admits(row));
    let mut to_skip = subset.skipped;
    let mut left = subset.limit.unwrap_or(u64::MAX);
    let at_once = left.saturating_add(to_skip).min(limits.page_rows);
    let mut read = 0;
    loop {
        let found = rows::ordered(db, shape.table, &shape.filter, wanted.clone(), &subset.order, read, at_once).await?;
        for row in found.iter().filter(is_wanted) {
            if to_skip > 0 {
                to_skip -= 1;
                continue;
            }
            if left == 0 || !take(row) {
                return Ok(());
            }
            left -= 1;
        }
        if left == 0 || (found.len() as u64) < at_once {
            return Ok(());
        }
        read += at_once;
    }
}
