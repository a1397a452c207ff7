//! Some of a shape's rows as they stand, instead of its log: what a screen shows of a table that it does not follow whole.
//!
//! [`wish`] is what was asked, by query or by body, [`rows`] finds it, [`answer`] tells it. Who follows the shape's log beside it
//! knows by the answer's metadata which of the log's changes are in the rows already.
//!
//! **Invariant:** a subset is a part of the shape: the session's filter and columns hold for it as for the log.

mod answer;
mod handlers;
mod rows;
mod wish;

pub use answer::answer;
pub use handlers::{__path_read_subset, __path_read_table_subset, ShapeAnswer, read_subset, read_table_subset};
pub use wish::Wish;

use super::{clause, clause::Clause, refusal::Invalid, shape::Shape};
use crate::db::rows::RowOrder;

/// Which rows are wanted, and in which order.
#[derive(Clone, Debug, Default)]
pub struct Subset {
    /// Only rows of which this is true.
    pub clause: Option<Clause>,
    /// By which columns they are put in order.
    pub order: Vec<RowOrder>,
    /// At most so many.
    pub limit: Option<u64>,
    /// After so many others.
    pub skipped: u64,
}

impl Subset {
    /// Reads a wish over the columns that the session sees.
    pub fn read(wish: &Wish, seen: &Shape) -> Result<Self, Invalid> {
        let asked = wish.read()?;
        let sees = |name: &str| seen.tells(name);
        let order = asked.order_by.map(|text| clause::read_order(&text, seen.table, sees)).transpose();
        let order = order.map_err(|wrong| Invalid::of("order_by", wrong.to_string()).in_subset())?;
        let clause = asked.clause.map(|text| clause::read(&text, &asked.parameters, seen.table, sees)).transpose();
        Ok(Self {
            clause: clause.map_err(|wrong| Invalid::of("where", wrong.to_string()).in_subset())?,
            order: order.unwrap_or_default(),
            limit: asked.limit,
            skipped: asked.offset,
        })
    }
}
