//! What rows were at a position of the log.
//!
//! **Invariant:** the first change of a row after the position tells what it was at it.

use crate::{
    db::changes::{self, Place},
    problem::Result,
    shapes::shape::Shape,
};
use domain::{Row, RowId};
use sea_orm::ConnectionTrait;
use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Included, Unbounded},
};

/// How many log entries are read at once.
const AT_ONCE: u64 = 1_000;

/// Rows that have changed since a position, as they were at it; none where there was no such row.
pub struct Past(BTreeMap<RowId, Option<Row>>);

impl Past {
    /// Of a shape's table at `position`; `db` must see one state, at `end`.
    pub async fn read(db: &impl ConnectionTrait, shape: &Shape, position: i64, end: i64) -> Result<Self> {
        let mut past = BTreeMap::new();
        let mut place = Place::end_of(position);
        if position == end {
            return Ok(Self(past));
        }
        loop {
            let changes = changes::after(db, shape.table, place, end, AT_ONCE).await?;
            let Some(last) = changes.last() else { return Ok(Self(past)) };
            place = last.place;
            for change in changes {
                past.entry(change.row_id).or_insert(change.old);
            }
        }
    }

    /// Those after one id, up to and with another; without it to the end.
    pub fn between(&self, after: Option<RowId>, last: Option<RowId>) -> impl Iterator<Item = (RowId, Option<&Row>)> {
        let range = (after.map_or(Unbounded, Excluded), last.map_or(Unbounded, Included));
        self.0.range(range).map(|(id, row)| (*id, row.as_ref()))
    }
}
