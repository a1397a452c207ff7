//! A table as one kind of database stores it: the statements, and how rows are read from what they find.
//!
//! **Invariant:** no column is named here; all of it follows from the domain's description.

use super::{Packed, RowOrder};
use crate::db::{
    codec::{self, Cell},
    counters::CHANGE_POSITION,
};
use domain::{Column, ColumnType, Row, RowFilter, RowId, Table, Value};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, DynIden, Statement,
    sea_query::{Alias, Cond, Expr, ExprTrait, Func, InsertStatement, IntoIden, NullOrdering, Order, Query, SelectStatement, TableRef, ValueTuple},
};
use std::iter;

/// In an update: the values that are to be.
const NEW: &str = "new";

/// A table, as one kind of database stores it.
#[derive(Clone, Copy)]
pub struct Stored {
    backend: DbBackend,
    table: Table,
}

impl Stored {
    pub fn new(db: &impl ConnectionTrait, table: Table) -> Self {
        Self {
            backend: db.get_database_backend(),
            table,
        }
    }

    /// By id: the order of uuids in PostgreSQL is that of their texts in SQLite.
    pub fn select(self) -> SelectStatement {
        let table = Alias::new(self.table.sql_name());
        let mut query = Query::select();
        query.exprs(names(self.table).map(|name| codec::selected(self.backend, name)));
        // With its table's name `id` is the column; alone it could be the selected text of it, which no index has.
        query.from(table.clone()).order_by((table, "id"), Order::Asc);
        query
    }

    /// The id and these columns under names of their own, as [`Stored::read_text`] packs them.
    pub fn select_raw(self, columns: &[&'static Column]) -> SelectStatement {
        let mut query = Query::select();
        query.expr_as(codec::selected(self.backend, self.column("id")), packed_name(0));
        for (index, column) in columns.iter().enumerate() {
            query.expr_as(codec::selected(self.backend, self.column(column.name)), packed_name(index + 1));
        }
        query.from(Alias::new(self.table.sql_name()));
        query
    }

    /// A column of the table, whatever is selected under its name.
    pub fn own(self, name: &'static str) -> Expr {
        Expr::col(self.column(name))
    }

    fn column(self, name: &'static str) -> (Alias, Alias) {
        (Alias::new(self.table.sql_name()), Alias::new(name))
    }

    /// What a [`Stored::select_raw`] finds, as one text.
    pub async fn read_text(self, db: &impl ConnectionTrait, query: SelectStatement, columns: &[&'static Column]) -> Result<Packed, DbErr> {
        let [array, list] = match self.backend {
            DbBackend::Postgres => ["json_build_array", "json_agg"],
            _ => ["json_array", "json_group_array"],
        };
        let cells = Func::cust(array).args((0..=columns.len()).map(|index| Expr::col(packed_name(index))));
        let list = Expr::expr(Func::cust(list).arg(cells)).cast_as(Alias::new("text"));
        let mut packed = Query::select();
        packed.expr(Func::coalesce([list, Expr::val("[]")]));
        packed.expr(Expr::col(packed_name(0)).count()).expr(Expr::col(packed_name(0)).max());
        packed.expr(Expr::cust(format!("(SELECT value FROM counters WHERE name = '{CHANGE_POSITION}')")));
        packed.from_subquery(query, "found");
        let kinds = iter::once(ColumnType::Uuid).chain(columns.iter().map(|column| column.kind));
        let found = db.query_one(&packed).await?;
        Packed::read(
            kinds.collect(),
            &found.ok_or_else(|| DbErr::RecordNotFound("an aggregate gave no row".to_owned()))?,
        )
    }

    /// In an order of one's own, ties by id. Texts are ordered by their bytes on both databases, as everywhere here.
    pub fn select_ordered(self, order: &[RowOrder]) -> SelectStatement {
        let mut query = self.select();
        query.clear_order_by();
        for RowOrder {
            column,
            is_descending,
            nulls_first,
        } in order
        {
            let mut value = Expr::col((Alias::new(self.table.sql_name()), *column));
            let is_text = self.table.column(column).is_some_and(|column| column.kind == ColumnType::Text);
            if is_text && self.backend == DbBackend::Postgres {
                value = Expr::cust_with_exprs("$1 COLLATE \"C\"", [value]);
            }
            let direction = if *is_descending { Order::Desc } else { Order::Asc };
            let nulls = if *nulls_first { NullOrdering::First } else { NullOrdering::Last };
            query.order_by_expr_with_nulls(value, direction, nulls);
        }
        query.order_by((Alias::new(self.table.sql_name()), "id"), Order::Asc);
        query
    }

    pub fn insert<'a>(self, rows: impl IntoIterator<Item = &'a Row>) -> Result<InsertStatement, DbErr> {
        let mut query = Query::insert();
        query.into_table(Alias::new(self.table.sql_name())).columns(names(self.table));
        for row in rows {
            let columns = self.table.columns().iter().zip(row.values());
            let values = columns.map(|(column, value)| codec::bound(self.backend, column.kind, value));
            query.values(values).map_err(|error| DbErr::Custom(error.to_string()))?;
        }
        Ok(query)
    }

    /// One statement for many rows: the new values are a table beside it, the row's id in its first column.
    pub fn update(self, rows: &[&Row], columns: &[&'static Column]) -> Statement {
        let values = |row: &Row| {
            let values = columns.iter().map(|column| (column.kind, row.get(column.name)));
            let id = Value::Uuid(row.id().0);
            let all = iter::once((ColumnType::Uuid, &id)).chain(values);
            ValueTuple::Many(all.map(|(kind, value)| codec::parameter(self.backend, kind, value)).collect())
        };
        let new = |index: usize, kind| codec::of_parameter(self.backend, kind, Expr::col((NEW, Alias::new(format!("column{index}")))));
        let mut query = Query::update();
        query
            .table(Alias::new(self.table.sql_name()))
            .from(TableRef::ValuesList(rows.iter().map(|row| values(row)).collect(), NEW.into_iden()))
            .and_where(Expr::col((Alias::new(self.table.sql_name()), "id")).eq(new(1, ColumnType::Uuid)));
        for (index, column) in columns.iter().enumerate() {
            query.value(column.name, new(index + 2, column.kind));
        }
        let mut statement = self.backend.build(&query);
        if self.backend == DbBackend::Sqlite {
            // A statement that fails takes the whole transaction with it: SQLite need not note what to take back of the
            // statement alone, which costs as much as the change itself.
            statement.sql = statement.sql.replacen("UPDATE", "UPDATE OR FAIL", 1);
        }
        statement
    }

    /// The filter in SQL. No alternative admits nothing: `any` of none is false.
    pub fn condition(self, filter: &RowFilter) -> Cond {
        let all_of = |conditions: &Vec<(&'static str, Value)>| {
            let all = conditions.iter().map(|(column, value)| self.equals(column, value));
            all.fold(Cond::all().add(Expr::val(1).eq(1)), Cond::add)
        };
        filter.alternatives().iter().map(all_of).fold(Cond::any().add(Expr::val(1).eq(0)), Cond::add)
    }

    pub fn equals(self, column: &'static str, value: &Value) -> Expr {
        if value.is_null() {
            Expr::col(column).is_null()
        } else {
            Expr::col(column).eq(self.bound(column, value))
        }
    }

    pub fn id(self, id: RowId) -> Expr {
        self.bound("id", &Value::Uuid(id.0))
    }

    pub fn bound(self, column: &str, value: &Value) -> Expr {
        let kind = self.table.column(column).map_or(ColumnType::Text, |column| column.kind);
        codec::bound(self.backend, kind, value)
    }

    /// The rows that a [`Stored::select`] finds.
    pub async fn read_all(self, db: &impl ConnectionTrait, query: SelectStatement) -> Result<Vec<Row>, DbErr> {
        if self.backend == DbBackend::Sqlite {
            return self.read_packed(db, query).await;
        }
        let found = db.query_all(&query).await?;
        let row = |result| self.row(|index, kind| codec::read(self.backend, result, index, kind));
        found.iter().map(row).collect()
    }

    /// The same as one text. SQLite's driver hands over every value of every row by itself, from one thread to another,
    /// which takes it longer than finding them.
    async fn read_packed(self, db: &impl ConnectionTrait, query: SelectStatement) -> Result<Vec<Row>, DbErr> {
        let cells = Func::cust("json_array").args(names(self.table).map(Expr::col));
        let mut packed = Query::select();
        packed.expr(Func::cust("json_group_array").arg(cells)).from_subquery(query, "found");
        let Some(found) = db.query_one(&packed).await? else { return Ok(vec![]) };
        let text: String = found.try_get_by_index(0)?;
        let found: Vec<Vec<Cell>> = serde_json::from_str(&text).map_err(|error| DbErr::Json(error.to_string()))?;
        let row = |cells: &Vec<Cell>| self.row(|index, kind| codec::read_cell(cells.get(index), index, kind));
        found.iter().map(row).collect()
    }

    fn row(self, read: impl Fn(usize, ColumnType) -> Result<Value, DbErr>) -> Result<Row, DbErr> {
        let mut row = Row::blank(self.table);
        for (index, column) in self.table.columns().iter().enumerate() {
            row.set_at(index, read(index, column.kind)?);
        }
        Ok(row)
    }
}

fn packed_name(index: usize) -> Alias {
    Alias::new(format!("c{index}"))
}

fn names(table: Table) -> impl Iterator<Item = DynIden> {
    table.columns().iter().map(|column| Alias::new(column.name).into_iden())
}
