//! The one store for the rows of every synced table.
//!
//! Its statements are built from the domain's description of the table, so a new column needs a migration and
//! nothing here.
//!
//! **Invariant:** rows go in and out whole; what a write means is decided before it comes here.

use super::codec;
use domain::{ColumnType, Row, RowFilter, RowId, Table, Value};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, DynIden, QueryResult,
    sea_query::{Alias, Cond, Expr, ExprTrait, InsertStatement, IntoIden, OnConflict, Order, Query, SelectStatement},
};

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
    db.query_one(&query).await?.map(|result| stored.read(&result)).transpose()
}

/// All rows in which a column has a value, by id.
pub async fn all_where(db: &impl ConnectionTrait, table: Table, column: &'static str, value: &Value) -> Result<Vec<Row>, DbErr> {
    let stored = Stored::new(db, table);
    let mut query = stored.select();
    query.and_where(stored.equals(column, value));
    stored.read_all(db, &query).await
}

/// All rows in which a column has one of these values, none of them NULL.
pub async fn all_in(db: &impl ConnectionTrait, table: Table, column: &'static str, values: &[Value]) -> Result<Vec<Row>, DbErr> {
    let stored = Stored::new(db, table);
    let mut found = vec![];
    for values in values.chunks(MAX_PARAMETERS) {
        let mut query = stored.select();
        query.and_where(Expr::col(column).is_in(values.iter().map(|value| stored.bound(column, value))));
        found.extend(stored.read_all(db, &query).await?);
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
    Ok(turns.read_all(db, &query).await?.iter().map(Row::id).collect())
}

/// The next rows by id that a filter admits; `after` none begins at the first.
pub async fn page(db: &impl ConnectionTrait, table: Table, filter: &RowFilter, after: Option<RowId>, limit: u64) -> Result<Vec<Row>, DbErr> {
    let stored = Stored::new(db, table);
    let mut query = stored.select();
    query.cond_where(stored.condition(filter));
    if let Some(after) = after {
        query.and_where(Expr::col("id").gt(stored.id(after)));
    }
    query.limit(limit);
    stored.read_all(db, &query).await
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
pub async fn insert(db: &impl ConnectionTrait, rows: &[Row]) -> Result<(), DbErr> {
    let Some(table) = rows.first().map(Row::table) else { return Ok(()) };
    for rows in rows.chunks(MAX_PARAMETERS / table.columns().len()) {
        db.execute(&Stored::new(db, table).insert(rows)?).await?;
    }
    Ok(())
}

/// Puts rows of one table, over those that have their ids; no id may come twice.
pub async fn upsert(db: &impl ConnectionTrait, rows: &[&Row]) -> Result<(), DbErr> {
    let Some(table) = rows.first().map(|row| row.table()) else { return Ok(()) };
    for rows in rows.chunks(MAX_PARAMETERS / table.columns().len()) {
        let mut query = Stored::new(db, table).insert(rows.iter().copied())?;
        query.on_conflict(OnConflict::column("id").update_columns(names(table).skip(1)).to_owned());
        db.execute(&query).await?;
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

/// A table, as one kind of database stores it.
#[derive(Clone, Copy)]
struct Stored {
    backend: DbBackend,
    table: Table,
}

impl Stored {
    fn new(db: &impl ConnectionTrait, table: Table) -> Self {
        Self {
            backend: db.get_database_backend(),
            table,
        }
    }

    /// By id: the order of uuids in PostgreSQL is that of their texts in SQLite.
    fn select(self) -> SelectStatement {
        let table = Alias::new(self.table.sql_name());
        let mut query = Query::select();
        query.exprs(names(self.table).map(|name| codec::selected(self.backend, name)));
        // With its table's name `id` is the column; alone it could be the selected text of it, which no index has.
        query.from(table.clone()).order_by((table, "id"), Order::Asc);
        query
    }

    fn insert<'a>(self, rows: impl IntoIterator<Item = &'a Row>) -> Result<InsertStatement, DbErr> {
        let mut query = Query::insert();
        query.into_table(Alias::new(self.table.sql_name())).columns(names(self.table));
        for row in rows {
            let columns = self.table.columns().iter().zip(row.values());
            let values = columns.map(|(column, value)| codec::bound(self.backend, column.kind, value));
            query.values(values).map_err(|error| DbErr::Custom(error.to_string()))?;
        }
        Ok(query)
    }

    /// The filter in SQL. No alternative admits nothing: `any` of none is false.
    fn condition(self, filter: &RowFilter) -> Cond {
        let all_of = |conditions: &Vec<(&'static str, Value)>| {
            let all = conditions.iter().map(|(column, value)| self.equals(column, value));
            all.fold(Cond::all().add(Expr::val(1).eq(1)), Cond::add)
        };
        filter.alternatives().iter().map(all_of).fold(Cond::any().add(Expr::val(1).eq(0)), Cond::add)
    }

    fn equals(self, column: &'static str, value: &Value) -> Expr {
        if value.is_null() {
            Expr::col(column).is_null()
        } else {
            Expr::col(column).eq(self.bound(column, value))
        }
    }

    fn id(self, id: RowId) -> Expr {
        self.bound("id", &Value::Uuid(id.0))
    }

    fn bound(self, column: &str, value: &Value) -> Expr {
        let kind = self.table.column(column).map_or(ColumnType::Text, |column| column.kind);
        codec::bound(self.backend, kind, value)
    }

    async fn read_all(self, db: &impl ConnectionTrait, query: &SelectStatement) -> Result<Vec<Row>, DbErr> {
        db.query_all(query).await?.iter().map(|result| self.read(result)).collect()
    }

    fn read(self, result: &QueryResult) -> Result<Row, DbErr> {
        let mut row = Row::blank(self.table);
        for (index, column) in self.table.columns().iter().enumerate() {
            row.set_at(index, codec::read(self.backend, result, index, column.kind)?);
        }
        Ok(row)
    }
}

fn names(table: Table) -> impl Iterator<Item = DynIden> {
    table.columns().iter().map(|column| Alias::new(column.name).into_iden())
}
