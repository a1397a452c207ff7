//! Where the two databases differ in what the reports ask: one small function for each difference.
//!
//! Synced tables have PostgreSQL's own types there; on SQLite dates are text, money is whole cents and instants are
//! microseconds.
//!
//! **Invariant:** what comes out has one form: whole numbers (cents, days, counts) as `i64`, dates and ids as text, rows' own
//! values as the domain has them.

use crate::db::codec;
use domain::{ColumnType, Date, Value};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, QueryResult,
    sea_query::{Alias, Expr},
};
use uuid::Uuid;

/// One of the two dialects.
#[derive(Clone, Copy)]
pub struct Sql {
    backend: DbBackend,
}

impl Sql {
    /// The dialect of a connection.
    pub fn of(db: &impl ConnectionTrait) -> Self {
        Self {
            backend: db.get_database_backend(),
        }
    }

    /// A uuid or a date as text.
    pub fn text(self, of: &str) -> String {
        self.choose(of.to_owned(), || format!("({of})::text"))
    }

    /// A sum of money, in cents; 0 of nothing.
    pub fn cents(self, sum_of: &str) -> String {
        self.choose(format!("coalesce(sum({sum_of}), 0)"), || format!("(coalesce(sum({sum_of}), 0) * 100)::bigint"))
    }

    /// An amount of money times a quantity, rounded as [`domain::Cents::times_hundredths`] does, to be summed up.
    pub fn product(self, money: &str, quantity: &str) -> String {
        self.choose(
            format!("({money} * {quantity} + CASE WHEN {money} * {quantity} < 0 THEN -50 ELSE 50 END) / 100"),
            || format!("round({money} * {quantity}, 2)"),
        )
    }

    /// A sum of whole numbers; 0 of nothing.
    pub fn total(self, of: &str) -> String {
        self.choose(format!("CAST(coalesce(sum({of}), 0) AS INTEGER)"), || format!("coalesce(sum({of}), 0)::bigint"))
    }

    /// A boolean column as a condition. SQLite uses a partial index only where its very words stand in the query.
    pub fn is_true(self, column: &str) -> String {
        self.choose(format!("{column} = 1"), || column.to_owned())
    }

    /// Which day (UTC) an instant is on, as a date.
    pub fn day_of(self, instant: &str) -> String {
        self.choose(format!("date({instant} / 1000000, 'unixepoch')"), || {
            format!("({instant} AT TIME ZONE 'UTC')::date")
        })
    }

    /// Which day (UTC) an instant is on, counted from 1970.
    pub fn day_number(self, instant: &str) -> String {
        self.choose(format!("{instant} / 86400000000"), || {
            format!("floor(extract(epoch FROM {instant}) / 86400)::bigint")
        })
    }

    /// Whole days between two dates; 0 where the later comes first, NULL where one is missing.
    pub fn days_between(self, earlier: &str, later: &str) -> String {
        self.choose(format!("max(0, julianday({later}) - julianday({earlier}))"), || {
            format!("greatest(0, {later} - {earlier})")
        })
    }

    /// An id to compare a column with.
    pub fn id(self, id: Uuid) -> Expr {
        codec::bound(self.backend, ColumnType::Uuid, &Value::Uuid(id))
    }

    /// A date to compare a column with.
    pub fn date(self, date: Date) -> Expr {
        codec::bound(self.backend, ColumnType::Date, &Value::Date(date))
    }

    /// A column of one of several tables, for [`Self::read`].
    pub fn column(self, table: &'static str, column: &'static str) -> Expr {
        codec::selected(self.backend, (Alias::new(table), Alias::new(column)))
    }

    /// What stands in a column of a result.
    pub fn read(self, result: &QueryResult, index: usize, kind: ColumnType) -> Result<Value, DbErr> {
        codec::read(self.backend, result, index, kind)
    }

    fn choose(self, sqlite: String, postgres: impl FnOnce() -> String) -> String {
        if self.backend == DbBackend::Postgres { postgres() } else { sqlite }
    }
}
