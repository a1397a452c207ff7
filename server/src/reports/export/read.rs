//! The rows of an export, a page at a time, all as they stood at one moment.
//!
//! **Invariant:** at most one page of rows is in memory here, however many there are.

use super::{
    Wanted,
    layout::{Field, Origin, tables},
};
use crate::{
    db::entity::user,
    problem::Result,
    reports::{filters::Selection, sql::Sql},
};
use domain::{ColumnType, Table, Value};
use futures::{Stream, TryStreamExt, stream};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait, IsolationLevel, QueryResult, TransactionOptions,
    TransactionTrait,
    sea_query::{Alias, Cond, Expr, ExprTrait, Order, Query, SelectStatement},
};
use std::collections::HashMap;
use uuid::Uuid;

/// How many rows are read at once.
const PAGE_ROWS: u64 = 1_000;

/// The values of one row, in the order of the export's fields.
pub type Record = Vec<Value>;

/// An export's rows, read through one transaction.
pub struct Reader {
    db: DatabaseTransaction,
    sql: Sql,
    table: Table,
    fields: Vec<Field>,
    rows: SelectStatement,
    people: HashMap<Uuid, Person>,
    after: Option<Uuid>,
    is_at_end: bool,
}

struct Person {
    name: String,
    email: String,
}

impl Reader {
    /// Opens the rows that a caller wants and may have.
    pub async fn open(db: &DatabaseConnection, wanted: &Wanted, selection: &Selection) -> Result<Self> {
        let db = db.begin_with_options(of_one_moment(db)).await?;
        let sql = Sql::of(&db);
        let accounts = user::Entity::find().all(&db).await?;
        let person = |account: user::Model| {
            let person = Person {
                name: account.name,
                email: account.email,
            };
            (account.id.0, person)
        };
        Ok(Self {
            rows: rows(sql, wanted, selection),
            sql,
            table: wanted.table,
            fields: wanted.fields.clone(),
            people: accounts.into_iter().map(person).collect(),
            after: None,
            is_at_end: false,
            db,
        })
    }

    /// The pages, in the order in which the rows were made.
    pub fn pages(self) -> impl Stream<Item = Result<Vec<Record>>> + Send {
        stream::try_unfold(self, |mut reader| async move {
            let page = reader.page().await?;
            Ok(page.map(|page| (page, reader)))
        })
        .into_stream()
    }

    async fn page(&mut self) -> Result<Option<Vec<Record>>> {
        if self.is_at_end {
            return Ok(None);
        }
        let mut query = self.rows.clone();
        if let Some(after) = self.after {
            query.and_where(id(self.table).gt(self.sql.id(after)));
        }
        let results = self.db.query_all(&query).await?;
        self.is_at_end = (results.len() as u64) < PAGE_ROWS;
        if let Some(last) = results.last() {
            self.after = self.id(last, 0)?;
        }
        let records: Result<Vec<Record>, DbErr> = results.iter().map(|result| self.record(result)).collect();
        Ok(Some(records?))
    }

    fn record(&self, result: &QueryResult) -> Result<Record, DbErr> {
        let value = |(index, field): (usize, &Field)| match field.origin {
            // The id comes first.
            Origin::Column(..) => self.sql.read(result, index + 1, field.kind(self.table)),
            Origin::Name(..) => Ok(self.person(result, index + 1)?.map_or(Value::Null, |person| Value::text(&*person.name))),
            Origin::Email(..) => Ok(self.person(result, index + 1)?.map_or(Value::Null, |person| Value::text(&*person.email))),
        };
        self.fields.iter().enumerate().map(value).collect()
    }

    fn person(&self, result: &QueryResult, index: usize) -> Result<Option<&Person>, DbErr> {
        Ok(self.id(result, index)?.and_then(|id| self.people.get(&id)))
    }

    fn id(&self, result: &QueryResult, index: usize) -> Result<Option<Uuid>, DbErr> {
        match self.sql.read(result, index, ColumnType::Uuid)? {
            Value::Uuid(id) => Ok(Some(id)),
            _ => Ok(None),
        }
    }
}

fn rows(sql: Sql, wanted: &Wanted, selection: &Selection) -> SelectStatement {
    let [(main, table, _), joined @ ..] = tables(wanted.table) else {
        return Query::select();
    };
    let mut query = Query::select();
    query.expr(sql.column(main, "id")).from_as(table.sql_name(), *main);
    for field in &wanted.fields {
        let (Origin::Column(of, column) | Origin::Name(of, column) | Origin::Email(of, column)) = field.origin;
        query.expr(sql.column(of, column));
    }
    for (name, table, by) in joined {
        let is_it = Expr::cust(format!("{name}.id = {by}"));
        query.join_as(sea_orm::JoinType::LeftJoin, table.sql_name(), *name, is_it);
    }
    query
        .cond_where(condition(sql, wanted, selection))
        .order_by((*main, "id"), Order::Asc)
        .limit(PAGE_ROWS);
    query
}

fn condition(sql: Sql, wanted: &Wanted, selection: &Selection) -> Cond {
    let main = name(wanted.table);
    let is_active = sql.is_true(&format!("{main}.is_active"));
    let those = match wanted.table {
        Table::Turns => selection.turns(sql),
        Table::Properties => selection.homes(sql),
        _ => selection.vendors(sql),
    };
    // As on the screen: managers choose among the vendors that are approved and at work.
    let at_work = || Expr::cust(format!("{is_active} AND {}", sql.is_true(&format!("{main}.is_approved"))));
    those
        .add_option((wanted.table == Table::Vendors && !wanted.is_for_admin).then(at_work))
        .add_option(
            wanted
                .active
                .map(|active| Expr::cust(if active { is_active.clone() } else { format!("NOT ({is_active})") })),
        )
        .add(selection.within(|| wanted.day(sql), sql))
}

/// What the exported table is called in the query.
pub fn name(table: Table) -> &'static str {
    tables(table)[0].0
}

fn id(table: Table) -> Expr {
    Expr::col((Alias::new(name(table)), Alias::new("id")))
}

/// SQLite's transactions see one moment by themselves.
fn of_one_moment(db: &DatabaseConnection) -> TransactionOptions {
    match db.get_database_backend() {
        DbBackend::Postgres => TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        },
        _ => TransactionOptions::default(),
    }
}
