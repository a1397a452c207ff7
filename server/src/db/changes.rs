//! The change log: what every transaction did to the synced tables, in commit order.
//!
//! Shapes are followed from it. It is written in the write's own transaction, so it can neither miss a committed
//! change nor tell of one that was rolled back.
//!
//! **Invariant:** `(position, op)` orders all changes as they were committed.

use super::entity::change;
use crate::problem::{Failure, Result};
use domain::{Row, RowId, Table, Timestamp, UserId};
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

/// A stretch of the log: what one transaction changed, or some that followed each other.
#[derive(Debug)]
pub struct Commit {
    /// The position before it.
    pub after: i64,
    /// Its last position.
    pub until: i64,
    /// The changes, in the order of the log.
    pub changes: Vec<Change>,
    /// People whose accounts or sessions are not what they were.
    pub people: Vec<UserId>,
    /// False where there were too many changes to tell them.
    pub is_whole: bool,
    /// When it was heard of.
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

/// In the log a person's account stands as a row of this table; what it holds is nobody's to read there.
const PEOPLE: &str = "users";

/// The entries which say that these people's accounts or sessions have changed.
pub(super) fn of_people(people: &[UserId], position: i64, at: Timestamp) -> Vec<change::Model> {
    let entry = |(index, user): (usize, &UserId)| change::Model {
        position,
        op: 2 * index as i64,
        table_name: PEOPLE.to_owned(),
        row_id: TextUuid(user.0),
        old_row: None,
        new_row: None,
        at: at.micros(),
    };
    people.iter().enumerate().map(entry).collect()
}

/// Everything after a position, up to and with `until`; of more than `most` entries it says only that there were too many.
pub async fn everything_after(db: &impl ConnectionTrait, after: i64, until: i64, most: usize) -> Result<Commit> {
    let models = change::Entity::find()
        .filter(change::Column::Position.gt(after))
        .filter(change::Column::Position.lte(until))
        .order_by_asc(change::Column::Position)
        .order_by_asc(change::Column::Op)
        .limit(most as u64 + 1)
        .all(db)
        .await?;
    let mut commit = Commit {
        after,
        until,
        changes: vec![],
        people: vec![],
        is_whole: models.len() <= most,
        at: Instant::now(),
    };
    for model in models.into_iter().filter(|_| commit.is_whole) {
        match Table::ALL.into_iter().find(|table| table.sql_name() == model.table_name) {
            Some(table) => commit.changes.push(read(table, model)?),
            None => commit.people.push(UserId(model.row_id.0)),
        }
    }
    Ok(commit)
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
