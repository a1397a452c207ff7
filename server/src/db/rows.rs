//! The one store for the rows of every synced table.
//!
//! Its statements are built from the domain's description of the table, so a new column needs a migration and
//! nothing here.
//!
//! **Invariant:** rows go in and out whole; what a write means is decided before it comes here.

use super::codec;
use domain::{Row, RowFilter, RowId, Table, Value};
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult,
    sea_query::{Alias, Cond, Expr, ExprTrait, InsertStatement, IntoIden, OnConflict, Order, Query, SelectStatement},
};

/// SQLite binds at most 32,766 parameters in one statement.
const MAX_PARAMETERS: usize = 30_000;

/// A row by its id.
pub async fn find(db: &impl ConnectionTrait, table: Table, id: RowId) -> Result<Option<Row>, DbErr> {
    find_where(db, table, "id", &Value::Uuid(id.0)).await
}

/// The first row in which a column has a value.
pub async fn find_where(db: &impl ConnectionTrait, table: Table, column: &'static str, value: &Value) -> Result<Option<Row>, DbErr> {
    let mut query = select(table);
    query.and_where(equals(table, column, value)).limit(1);
    db.query_one(&query).await?.map(|result| read(table, &result)).transpose()
}

/// All rows in which a column has a value, by id.
pub async fn all_where(db: &impl ConnectionTrait, table: Table, column: &'static str, value: &Value) -> Result<Vec<Row>, DbErr> {
    let mut query = select(table);
    query.and_where(equals(table, column, value));
    read_all(db, table, &query).await
}

/// All rows in which a column has one of these values, none of them NULL.
pub async fn all_in(db: &impl ConnectionTrait, table: Table, column: &'static str, values: &[Value]) -> Result<Vec<Row>, DbErr> {
    let mut found = vec![];
    for values in values.chunks(MAX_PARAMETERS) {
        let mut query = select(table);
        query.and_where(Expr::col(column).is_in(values.iter().map(|value| bind(table, column, value))));
        found.extend(read_all(db, table, &query).await?);
    }
    Ok(found)
}

/// Turns that are on the devices though they were completed on `last_day` or before.
pub async fn finished_turns(db: &impl ConnectionTrait, last_day: &Value, limit: u64) -> Result<Vec<RowId>, DbErr> {
    let mut query = select(Table::Turns);
    query
        .and_where(equals(Table::Turns, "is_active", &Value::Bool(true)))
        .and_where(Expr::col("completed_on").lte(bind(Table::Turns, "completed_on", last_day)))
        .limit(limit);
    Ok(read_all(db, Table::Turns, &query).await?.iter().map(Row::id).collect())
}

/// The next rows by id that a filter admits; `after` none begins at the first.
pub async fn page(db: &impl ConnectionTrait, table: Table, filter: &RowFilter, after: Option<RowId>, limit: u64) -> Result<Vec<Row>, DbErr> {
    let mut query = select(table);
    query.cond_where(condition(table, filter));
    if let Some(after) = after {
        query.and_where(Expr::col("id").gt(after.to_string()));
    }
    query.limit(limit);
    read_all(db, table, &query).await
}

/// Puts new rows of one table, a few hundred per statement.
pub async fn insert(db: &impl ConnectionTrait, rows: &[Row]) -> Result<(), DbErr> {
    let Some(table) = rows.first().map(Row::table) else { return Ok(()) };
    for rows in rows.chunks(MAX_PARAMETERS / table.columns().len()) {
        db.execute(&insert_into(table, rows)?).await?;
    }
    Ok(())
}

/// Puts rows of one table, over those that have their ids.
pub async fn upsert(db: &impl ConnectionTrait, rows: &[&Row]) -> Result<(), DbErr> {
    let Some(table) = rows.first().map(|row| row.table()) else { return Ok(()) };
    for rows in rows.chunks(MAX_PARAMETERS / table.columns().len()) {
        let mut query = insert_into(table, rows.iter().copied())?;
        query.on_conflict(OnConflict::column("id").update_columns(names(table).skip(1)).to_owned());
        db.execute(&query).await?;
    }
    Ok(())
}

/// Removes rows.
pub async fn delete_all(db: &impl ConnectionTrait, table: Table, ids: &[RowId]) -> Result<(), DbErr> {
    for ids in ids.chunks(MAX_PARAMETERS) {
        let mut query = Query::delete();
        let ids = ids.iter().map(|id| bind(table, "id", &Value::Uuid(id.0)));
        query.from_table(Alias::new(table.sql_name())).and_where(Expr::col("id").is_in(ids));
        db.execute(&query).await?;
    }
    Ok(())
}

fn insert_into<'a>(table: Table, rows: impl IntoIterator<Item = &'a Row>) -> Result<InsertStatement, DbErr> {
    let mut query = Query::insert();
    query.into_table(Alias::new(table.sql_name())).columns(names(table));
    for row in rows {
        query.values(bound(row).map(Expr::value)).map_err(|error| DbErr::Custom(error.to_string()))?;
    }
    Ok(query)
}

fn select(table: Table) -> SelectStatement {
    let mut query = Query::select();
    query.columns(names(table)).from(Alias::new(table.sql_name())).order_by("id", Order::Asc);
    query
}

/// The filter in SQL. No alternative admits nothing: `any` of none is false.
fn condition(table: Table, filter: &RowFilter) -> Cond {
    let all_of = |conditions: &Vec<(&'static str, Value)>| {
        let all = conditions.iter().map(|(column, value)| equals(table, column, value));
        all.fold(Cond::all().add(Expr::val(1).eq(1)), Cond::add)
    };
    filter.alternatives().iter().map(all_of).fold(Cond::any().add(Expr::val(1).eq(0)), Cond::add)
}

fn equals(table: Table, column: &'static str, value: &Value) -> Expr {
    if value.is_null() {
        Expr::col(column).is_null()
    } else {
        Expr::col(column).eq(bind(table, column, value))
    }
}

/// A value as a bound parameter of the column's type.
fn bind(table: Table, column: &str, value: &Value) -> Expr {
    let kind = table.column(column).map_or(domain::ColumnType::Text, |column| column.kind);
    Expr::value(codec::to_sql(kind, value))
}

fn names(table: Table) -> impl Iterator<Item = sea_orm::DynIden> {
    table.columns().iter().map(|column| Alias::new(column.name).into_iden())
}

fn bound(row: &Row) -> impl Iterator<Item = sea_orm::sea_query::Value> {
    row.table()
        .columns()
        .iter()
        .zip(row.values())
        .map(|(column, value)| codec::to_sql(column.kind, value))
}

async fn read_all(db: &impl ConnectionTrait, table: Table, query: &SelectStatement) -> Result<Vec<Row>, DbErr> {
    db.query_all(query).await?.iter().map(|result| read(table, result)).collect()
}

fn read(table: Table, result: &QueryResult) -> Result<Row, DbErr> {
    let mut row = Row::blank(table);
    for (index, column) in table.columns().iter().enumerate() {
        row.set_at(index, codec::from_sql(result, index, column.kind)?);
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Db;
    use domain::{Date, Timestamp};
    use uuid::Uuid;

    fn full_property() -> Row {
        let mut row = Row::blank(Table::Properties);
        for (index, column) in Table::Properties.columns().iter().enumerate() {
            row.set_at(index, column.default.value(column.kind));
        }
        for (column, value) in [
            ("id", Value::Uuid(Uuid::from_u128(7))),
            ("version", Value::Int(1)),
            ("created_at", Value::Timestamp(Timestamp::from_micros(1_763_870_000_000_001))),
            ("updated_at", Value::Timestamp(Timestamp::from_micros(-1))),
            ("property_number", Value::text("P-1")),
            ("name", Value::text("12 Elm Street’s “unit”")),
            ("street_address", Value::text("12 Elm Street")),
            ("city", Value::text("Tulsa")),
            ("bathrooms", Value::Numeric(25)),
            ("monthly_rent", Value::Numeric(150_050)),
            ("has_squatters", Value::Bool(true)),
            ("property_manager_id", Value::Uuid(Uuid::from_u128(1))),
            ("move_out_date", Value::Date(Date::new(2026, 11, 23).unwrap())),
        ] {
            assert!(row.set(column, value), "{column}");
        }
        row
    }

    #[tokio::test]
    async fn a_row_comes_back_as_it_went_in() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite://{}?mode=rwc", folder.path().join("t.db").display())).await.unwrap();
        let tx = db.write().await.unwrap();
        let mut row = full_property();
        insert(&*tx, std::slice::from_ref(&row)).await.unwrap();
        assert_eq!(find(&*tx, Table::Properties, row.id()).await.unwrap().as_ref(), Some(&row));
        row.set("monthly_rent", Value::Null);
        upsert(&*tx, &[&row]).await.unwrap();
        let filter = RowFilter::all_of([("property_manager_id", Value::Uuid(Uuid::from_u128(1)))]);
        assert_eq!(page(&*tx, Table::Properties, &filter, None, 5).await.unwrap(), [row.clone()]);
        assert!(page(&*tx, Table::Properties, &filter, Some(row.id()), 5).await.unwrap().is_empty());
        delete_all(&*tx, Table::Properties, &[row.id()]).await.unwrap();
        assert_eq!(find(&*tx, Table::Properties, row.id()).await.unwrap(), None);
    }
}
