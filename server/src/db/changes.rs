//! The change log: what every transaction did to the synced tables, in commit order.
//!
//! Shapes are followed from it. It is written in the write's own transaction, so it can neither miss a committed
//! change nor tell of one that was rolled back.
//!
//! **Invariant:** `(position, op)` orders all changes as they were committed.

use super::entity::change;
use crate::problem::{Failure, Result};
use domain::{Row, RowId, Table, Timestamp};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::ExprTrait, value::TextUuid};
use std::time::Instant;

/// A place in the log: after this change of this transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The transaction's position.
    pub position: i64,
    /// The change inside it; `i64::MAX` for the transaction's end.
    pub op: i64,
}

/// One change of one row.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where it stands in the log.
    pub place: Place,
    /// Which table.
    pub table: Table,
    /// Which row.
    pub row_id: RowId,
    /// The row before.
    pub old: Option<Row>,
    /// The row after.
    pub new: Option<Row>,
}

/// What one commit changed; published after it.
#[derive(Debug)]
pub struct Commit {
    /// The changes, in the order of the log.
    pub changes: Vec<Change>,
    /// When the database had them.
    pub at: Instant,
}

impl Place {
    /// After everything that a transaction did.
    pub const fn end_of(position: i64) -> Self {
        Self { position, op: i64::MAX }
    }
}

/// One change as the log stores it; its rows come as their text, which the audit log shares.
pub(super) fn model(change: &Change, old_row: Option<String>, new_row: Option<String>, at: Timestamp) -> change::Model {
    change::Model {
        position: change.place.position,
        op: change.place.op,
        table_name: change.table.sql_name().to_owned(),
        row_id: TextUuid(change.row_id.0),
        old_row,
        new_row,
        at: at.micros(),
    }
}

/// The next changes of one table after a place, up to and with position `until`.
pub async fn after(db: &impl ConnectionTrait, table: Table, place: Place, until: i64, limit: u64) -> Result<Vec<Change>> {
    let later = Condition::any()
        .add(change::Column::Position.gt(place.position))
        .add(change::Column::Position.eq(place.position).and(change::Column::Op.gt(place.op)));
    let models = change::Entity::find()
        .filter(change::Column::TableName.eq(table.sql_name()))
        .filter(change::Column::Position.gte(place.position))
        .filter(change::Column::Position.lte(until))
        .filter(later)
        .order_by_asc(change::Column::Position)
        .order_by_asc(change::Column::Op)
        .limit(limit)
        .all(db)
        .await?;
    models.into_iter().map(|model| read(table, model)).collect()
}

fn read(table: Table, model: change::Model) -> Result<Change> {
    let row = |text: Option<String>| text.map(|text| read_row(table, &text)).transpose();
    Ok(Change {
        place: Place {
            position: model.position,
            op: model.op,
        },
        table,
        row_id: RowId(model.row_id.0),
        old: row(model.old_row)?,
        new: row(model.new_row)?,
    })
}

fn read_row(table: Table, text: &str) -> Result<Row> {
    let columns = serde_json::from_str(text).map_err(|error| DbErr::Json(error.to_string()))?;
    Row::from_pg_json(table, &columns).map_err(Failure::from)
}
