//! The rows of a shape as they stood at one position of the log, page by page.
//!
//! Pages are read at different times, and rows change in between. Each page is therefore taken back to the
//! snapshot's position with the log's own old rows.
//!
//! **Invariant:** all pages together are the shape at one position; the log from there on is everything since.

use super::{
    clause,
    message::{self, Body},
    offset::Offset,
    shape::Shape,
};
use crate::{
    config::Limits,
    db::{
        changes::{self, Place},
        rows,
    },
    problem::Result,
};
use domain::{Row, RowId};
use sea_orm::{ConnectionTrait, sea_query::Cond};
use std::{collections::BTreeMap, sync::Arc};

/// One page.
pub struct Page {
    /// Its messages.
    pub body: Arc<Body>,
    /// Where to go on: in the snapshot, or after it in the log.
    pub next: Offset,
}

/// The rows after `after`, as they stood at `position`. `db` must see one state, at `end`.
pub async fn page(db: &impl ConnectionTrait, shape: &Shape, limits: &Limits, position: i64, end: i64, after: Option<RowId>) -> Result<Page> {
    let now = rows::page_where(db, shape.table, &shape.filter, wanted(db, shape), after, limits.page_rows).await?;
    let last_read = (now.len() as u64 == limits.page_rows).then(|| now.last().map(Row::id)).flatten();
    let held = now.into_iter().filter(|row| shape.holds(row));
    let mut rows: BTreeMap<RowId, Row> = held.map(|row| (row.id(), row)).collect();
    if end > position {
        let range = |id: &RowId| after.is_none_or(|after| *id > after) && last_read.is_none_or(|last| *id <= last);
        for (id, old) in rows_before(db, shape, position, end).await?.into_iter().filter(|(id, _)| range(id)) {
            match old.filter(|row| shape.holds(row)) {
                Some(old) => rows.insert(id, old),
                None => rows.remove(&id),
            };
        }
    }
    Ok(fill(shape, rows, limits, position, last_read))
}

/// What the shape's clause spares the database.
fn wanted(db: &impl ConnectionTrait, shape: &Shape) -> Cond {
    let condition = |clause| clause::condition(db.get_database_backend(), shape.table, clause);
    shape.clause.as_ref().map_or_else(Cond::all, condition)
}

/// The snapshot of a shape that has none: its end.
pub fn none(position: i64) -> Page {
    let mut body = Body::default();
    body.push_snapshot_end(position);
    Page {
        body: Arc::new(body),
        next: Offset::Log(Place::end_of(position)),
    }
}

/// What the rows that changed since `position` were at it; none where there was no such row.
async fn rows_before(db: &impl ConnectionTrait, shape: &Shape, position: i64, end: i64) -> Result<BTreeMap<RowId, Option<Row>>> {
    const AT_ONCE: u64 = 1_000;
    let mut before = BTreeMap::new();
    let mut place = Place::end_of(position);
    loop {
        let changes = changes::after(db, shape.table, place, end, AT_ONCE).await?;
        let Some(last) = changes.last() else { return Ok(before) };
        place = last.place;
        for change in changes {
            before.entry(change.row_id).or_insert(change.old);
        }
    }
}

fn fill(shape: &Shape, rows: BTreeMap<RowId, Row>, limits: &Limits, position: i64, last_read: Option<RowId>) -> Page {
    let mut body = Body::default();
    let mut rows = rows.into_iter().peekable();
    while let Some((last, row)) = rows.next() {
        body.push(&message::snapshot_row(shape, &row));
        if body.len() > limits.page_bytes && rows.peek().is_some() {
            return Page {
                body: Arc::new(body),
                next: Offset::Snapshot { position, last },
            };
        }
    }
    if let Some(last) = last_read {
        return Page {
            body: Arc::new(body),
            next: Offset::Snapshot { position, last },
        };
    }
    body.push_snapshot_end(position);
    Page {
        body: Arc::new(body),
        next: Offset::Log(Place::end_of(position)),
    }
}
