//! Turns that were completed in the period: what they cost, how long they took, and who did them.
//!
//! **Invariant:** the days of the period, added up, are the whole; months and the average are made of the same days.

use super::{
    COST, Month, Period, average, begun,
    figures::{Money, MonthFigures, VendorFigures},
    turns,
};
use crate::reports::{filters::Selection, sql::Sql};
use domain::{Cents, Date, RowId};
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use std::collections::BTreeMap;

/// The turns completed on one day.
pub struct Day {
    date: Date,
    turns: i64,
    cost: Cents,
    /// Days from beginning to completion, all together.
    days: i64,
}

/// Every day of the period on which a turn was completed.
pub async fn by_day(db: &impl ConnectionTrait, sql: Sql, selection: &Selection, period: Period) -> Result<Vec<Day>, DbErr> {
    let took = sql.days_between(&begun(sql), "t.completed_on");
    let results = [sql.text("t.completed_on"), "count(*)".to_owned(), sql.cents(COST), sql.total(&took)];
    let mut query = completed(sql, selection, period, &results);
    query.add_group_by([Expr::cust("t.completed_on")]);
    db.query_all(&query).await?.iter().map(day).collect()
}

/// Every vendor who completed a turn in the period, the busiest first.
pub async fn by_vendor(db: &impl ConnectionTrait, sql: Sql, selection: &Selection, period: Period) -> Result<Vec<VendorFigures>, DbErr> {
    let took = sql.days_between(&format!("coalesce(t.assigned_on, {})", begun(sql)), "t.completed_on");
    let results = [
        "t.vendor_id AS vendor_id".to_owned(),
        "count(*) AS turns".to_owned(),
        format!("{} AS took", sql.total(&took)),
        "count(t.due_date) AS due".to_owned(),
        format!("{} AS on_time", sql.total("CASE WHEN t.completed_on <= t.due_date THEN 1 ELSE 0 END")),
    ];
    let mut by_vendor = completed(sql, selection, period, &results);
    by_vendor
        .and_where(Expr::cust("t.vendor_id IS NOT NULL"))
        .add_group_by([Expr::cust("t.vendor_id")]);
    // Names come to the groups, not to every turn.
    let mut named = Query::select();
    named
        .exprs([sql.text("w.vendor_id"), "v.company_name".to_owned()].map(Expr::cust))
        .exprs(["w.turns", "w.took", "w.due", "w.on_time"].map(Expr::cust))
        .from_subquery(by_vendor, "w")
        .join_as(sea_orm::JoinType::LeftJoin, "vendors", "v", Expr::cust("v.id = w.vendor_id"));
    let mut vendors: Vec<_> = db.query_all(&named).await?.iter().map(vendor).collect::<Result<_, _>>()?;
    vendors.sort_by(|a, b| (b.turns_completed, &a.name, a.vendor_id).cmp(&(a.turns_completed, &b.name, b.vendor_id)));
    Ok(vendors)
}

/// How long a turn took, on average.
pub fn average_days(days: &[Day]) -> Option<f64> {
    average(days.iter().map(|day| day.days).sum(), days.iter().map(|day| day.turns).sum())
}

/// Every month of the period.
pub fn by_month(days: &[Day], period: Period) -> Vec<MonthFigures> {
    let months = Month::between(Month::of(period.from), Month::of(period.to));
    let mut months: BTreeMap<Month, (i64, Cents)> = months.map(|month| (month, (0, Cents(0)))).collect();
    for day in days {
        let (turns, cost) = months.entry(Month::of(day.date)).or_default();
        *turns += day.turns;
        *cost = *cost + day.cost;
    }
    let figures = months.into_iter().map(|(month, (turns, cost))| MonthFigures {
        month,
        turns,
        average_cost: (turns > 0).then(|| Money(divided(cost, turns))),
        total_cost: Money(cost),
    });
    figures.collect()
}

fn completed(sql: Sql, selection: &Selection, period: Period, results: &[String]) -> SelectStatement {
    let mut query = turns(sql, selection, results);
    let completed_on = || Expr::cust("t.completed_on");
    query.and_where(completed_on().gte(sql.date(period.from)));
    query.and_where(completed_on().lte(sql.date(period.to)));
    query
}

fn day(row: &QueryResult) -> Result<Day, DbErr> {
    let date: String = row.try_get_by_index(0)?;
    Ok(Day {
        date: date.parse().map_err(|_| DbErr::Type(format!("“{date}” is not a date")))?,
        turns: row.try_get_by_index(1)?,
        cost: Cents(row.try_get_by_index(2)?),
        days: row.try_get_by_index(3)?,
    })
}

fn vendor(row: &QueryResult) -> Result<VendorFigures, DbErr> {
    let id: String = row.try_get_by_index(0)?;
    let name: Option<String> = row.try_get_by_index(1)?;
    let [turns, took, due, on_time] = [2, 3, 4, 5].map(|index| row.try_get_by_index::<i64>(index));
    let (due, on_time) = (due?, on_time?);
    Ok(VendorFigures {
        vendor_id: id.parse::<RowId>().map_err(|_| DbErr::Type(format!("“{id}” is not an id")))?,
        name: name.unwrap_or_default(),
        turns_completed: turns.clone()?,
        on_time_rate: (due > 0).then(|| (on_time as f64 / due as f64 * 1_000.0).round() / 1_000.0),
        average_days: average(took?, turns?),
    })
}

/// To the nearest cent.
fn divided(sum: Cents, count: i64) -> Cents {
    Cents((sum.0 * 2 + count * sum.0.signum()) / (count * 2))
}
