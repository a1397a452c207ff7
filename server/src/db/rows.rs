//! The one store for the rows of every synced table.
//!
//! Its statements are built from the domain's description of the table ([`stored`]), so a new column needs a migration and
//! nothing here.
//!
//! **Invariant:** rows come out whole; what a write means is decided before it comes here.

mod cells;
mod packed;
mod stored;

pub use packed::{Cells, Packed};

use domain::{Column, Row, RowFilter, RowId, Table, Value};
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Alias, Cond, Expr, ExprTrait, Order, Query},
};
use std::{borrow::Borrow, fmt};
use stored::Stored;

/// SQLite binds at most 32,766 parameters in one statement, PostgreSQL twice as many.
const MAX_PARAMETERS: usize = 30_000;

/// A row by its id.
pub async fn find(db: &impl ConnectionTrait, table: Table, id: RowId) -> Result<Option<Row>, DbErr> {
    find_where(db, table, "id", &Value::Uuid(id.0)).await
}

/// The first row in which a column has a value.
pub async fn find_where(db: &impl ConnectionTrait, table: Table, column: &'static str, value: &Value) -> Result<Option<Row>, DbErr> {
    let stored = Stored::new(db, table);
    let mut query = stored.select();
    query.and_where(stored.equals(column, value)).limit(1);
    Ok(stored.read_all(db, query).await?.pop())
}

/// All rows in which a column has a value, by id.
pub async fn all_where(db: &impl ConnectionTrait, table: Table, column: &'static str, value: &Value) -> Result<Vec<Row>, DbErr> {
    let stored = Stored::new(db, table);
    let mut query = stored.select();
    query.and_where(stored.equals(column, value));
    stored.read_all(db, query).await
}

/// All rows in which a column has one of these values, none of them NULL.
pub async fn all_in(db: &impl ConnectionTrait, table: Table, column: &'static str, values: &[Value]) -> Result<Vec<Row>, DbErr> {
    let stored = Stored::new(db, table);
    let mut found = vec![];
    for values in values.chunks(MAX_PARAMETERS) {
        let mut query = stored.select();
        query.and_where(Expr::col(column).is_in(values.iter().map(|value| stored.bound(column, value))));
        found.extend(stored.read_all(db, query).await?);
    }
    Ok(found)
}

/// Turns that are on the devices though they were completed on `last_day` or before.
pub async fn finished_turns(db: &impl ConnectionTrait, last_day: &Value, limit: u64) -> Result<Vec<RowId>, DbErr> {
    let turns = Stored::new(db, Table::Turns);
    let mut query = turns.select();
    query
        .and_where(turns.equals("is_active", &Value::Bool(true)))
        .and_where(Expr::col("completed_on").lte(turns.bound("completed_on", last_day)))
        .limit(limit);
    Ok(turns.read_all(db, query).await?.iter().map(Row::id).collect())
}

/// The next rows by id that a filter admits; `after` none begins at the first.
pub async fn page(db: &impl ConnectionTrait, table: Table, filter: &RowFilter, after: Option<RowId>, limit: u64) -> Result<Vec<Row>, DbErr> {
    page_where(db, table, filter, Cond::all(), after, limit).await
}

/// The same, of those that fulfil a further condition.
pub async fn page_where(
    db: &impl ConnectionTrait,
    table: Table,
    filter: &RowFilter,
    further: Cond,
    after: Option<RowId>,
    limit: u64,
) -> Result<Vec<Row>, DbErr> {
    let stored = Stored::new(db, table);
    let mut query = stored.select();
    query.cond_where(stored.condition(filter)).cond_where(further);
    if let Some(after) = after {
        query.and_where(Expr::col("id").gt(stored.id(after)));
    }
    query.limit(limit);
    stored.read_all(db, query).await
}

/// The same as [`page_where`], packed by the database: the id and these columns.
pub async fn packed(
    db: &impl ConnectionTrait,
    table: Table,
    columns: &[&'static Column],
    filter: &RowFilter,
    further: Cond,
    after: Option<RowId>,
    limit: u64,
) -> Result<Packed, DbErr> {
    let stored = Stored::new(db, table);
    let mut query = stored.select_raw(columns);
    query.cond_where(stored.condition(filter)).cond_where(further);
    if let Some(after) = after {
        query.and_where(stored.own("id").gt(stored.id(after)));
    }
    query.order_by_expr(stored.own("id"), Order::Asc).limit(limit);
    stored.read_text(db, query, columns).await
}

/// The same of rows in no order, where there are fewer than `limit`; none where there may be more. Sorting costs a small shape as
/// much as reading it.
pub async fn packed_whole(
    db: &impl ConnectionTrait,
    table: Table,
    columns: &[&'static Column],
    filter: &RowFilter,
    further: Cond,
    limit: u64,
) -> Result<Option<Packed>, DbErr> {
    let stored = Stored::new(db, table);
    let mut query = stored.select_raw(columns);
    query.cond_where(stored.condition(filter)).cond_where(further).limit(limit);
    let packed = stored.read_text(db, query, columns).await?;
    Ok((packed.count() < limit).then_some(packed))
}

/// One column by which rows are put in an order.
#[derive(Clone, Debug)]
pub struct RowOrder {
    /// Its name.
    pub column: &'static str,
    /// Greatest first.
    pub is_descending: bool,
    /// Rows without a value before the others.
    pub nulls_first: bool,
}

impl fmt::Display for RowOrder {
    /// As SQL says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.is_descending { "DESC" } else { "ASC" };
        let nulls = if self.nulls_first { "FIRST" } else { "LAST" };
        write!(f, "\"{}\" {direction} NULLS {nulls}", self.column)
    }
}

/// Rows of one's own order, ties by id, that a filter admits and that fulfil a further condition: after `skipped` others.
pub async fn ordered(
    db: &impl ConnectionTrait,
    table: Table,
    filter: &RowFilter,
    further: Cond,
    order: &[RowOrder],
    skipped: u64,
    limit: u64,
) -> Result<Vec<Row>, DbErr> {
    let stored = Stored::new(db, table);
    let mut query = stored.select_ordered(order);
    query.cond_where(stored.condition(filter)).cond_where(further);
    query.offset(skipped).limit(limit);
    stored.read_all(db, query).await
}

/// How many rows a filter admits.
pub async fn count(db: &impl ConnectionTrait, table: Table, filter: &RowFilter) -> Result<u64, DbErr> {
    let mut query = Query::select();
    query
        .expr(Expr::col("id").count())
        .from(Alias::new(table.sql_name()))
        .cond_where(Stored::new(db, table).condition(filter));
    let row = db.query_one(&query).await?;
    let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    Ok(count.unsigned_abs())
}

/// Puts new rows of one table, a few hundred per statement.
pub async fn insert(db: &impl ConnectionTrait, rows: &[impl Borrow<Row>]) -> Result<(), DbErr> {
    let Some(table) = rows.first().map(|row| row.borrow().table()) else {
        return Ok(());
    };
    for rows in rows.chunks(MAX_PARAMETERS / table.columns().len()) {
        db.execute(&Stored::new(db, table).insert(rows.iter().map(Borrow::borrow))?).await?;
    }
    Ok(())
}

/// Writes these columns of rows that are there, all of one table.
pub async fn update(db: &impl ConnectionTrait, rows: &[&Row], columns: &[&'static Column]) -> Result<(), DbErr> {
    let Some(table) = rows.first().map(|row| row.table()).filter(|_| !columns.is_empty()) else {
        return Ok(());
    };
    for rows in rows.chunks(MAX_PARAMETERS / (columns.len() + 1)) {
        db.execute_raw(Stored::new(db, table).update(rows, columns)).await?;
    }
    Ok(())
}

/// Removes rows.
pub async fn delete_all(db: &impl ConnectionTrait, table: Table, ids: &[RowId]) -> Result<(), DbErr> {
    let stored = Stored::new(db, table);
    for ids in ids.chunks(MAX_PARAMETERS) {
        let mut query = Query::delete();
        let ids = ids.iter().map(|id| stored.id(*id));
        query.from_table(Alias::new(table.sql_name())).and_where(Expr::col("id").is_in(ids));
        db.execute(&query).await?;
    }
    Ok(())
}
