//! The office's figures at one glance.
//!
//! Each query answers in the order of an index, and dates are counted in here instead of in SQL: homes that are empty
//! since the same day are one line, however many. History costs nothing beyond the period that is asked for.
//!
//! **Invariant:** a figure is what its description in [`figures`] says; a test recomputes all of them from the rows.

mod board;
mod figures;
mod finished;
mod month;
mod vacancy;
mod waiting;

pub use figures::{Dashboard, Period, Source};
pub use month::Month;

use super::{filters::Selection, sql::Sql};
use crate::problem::Result;
use domain::Timestamp;
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, Query, SelectStatement},
};

/// What a turn costs, as far as it is known: what was spent, else what was approved, else what was estimated.
const COST: &str = "coalesce(t.actual_amount, t.approved_amount, t.estimated_amount)";

/// All figures at `now`. Queries that need nothing of each other run side by side.
pub async fn read(db: &impl ConnectionTrait, source: Source, selection: &Selection, period: Period, now: Timestamp) -> Result<Dashboard> {
    let sql = Sql::of(db);
    let today = now.date_utc();
    let (total_properties, turns_by_stage, days, vendors, vacancy, approvals_waiting) = futures::try_join!(
        count_homes(db, sql, selection),
        board::read(db, sql, selection, today),
        finished::by_day(db, sql, selection, period),
        finished::by_vendor(db, sql, selection, period),
        vacancy::read(db, sql, selection, today),
        waiting::read(db, sql, selection),
    )?;
    Ok(Dashboard {
        as_of: figures::rfc3339(now),
        source,
        period,
        total_properties,
        active_turns: turns_by_stage.iter().map(|stage| stage.turns).sum(),
        average_turn_days: finished::average_days(&days),
        turns_by_stage,
        cost_per_turn_by_month: finished::by_month(&days, period),
        vacancy,
        approvals_waiting,
        vendors,
    })
}

async fn count_homes(db: &impl ConnectionTrait, sql: Sql, selection: &Selection) -> Result<i64, DbErr> {
    let mut query = Query::select();
    query
        .expr(Expr::cust("count(*)"))
        .from_as("properties", "p")
        .and_where(Expr::cust(sql.is_true("p.is_active")))
        .cond_where(selection.homes(sql));
    let rows = db.query_all(&query).await?;
    rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// The day on which a turn began: the home was left, or, where that is not known, the turn was made.
fn begun(sql: Sql) -> String {
    format!("coalesce(t.move_out_date, {})", sql.day_of("t.created_at"))
}

/// A query over turns, called `t`, that the selection leaves, with these results.
fn turns(sql: Sql, selection: &Selection, results: &[String]) -> SelectStatement {
    let mut query = Query::select();
    query.exprs(results.iter().map(|result| Expr::cust(result.clone())));
    query.from_as("turns", "t").cond_where(selection.turns(sql));
    query
}

/// A fraction with one decimal, as people read averages.
fn average(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| (sum as f64 / count as f64 * 10.0).round() / 10.0)
}
