//! The board, stage by stage.
//!
//! What a turn costs is what the board says of it: its scope, and before there is one the estimate
//! ([`domain::stage::amount`]). The estimates come with the turns; what scopes make of them is asked beside.
//!
//! **Invariant:** every active turn is in exactly one stage's figures.

use super::{
    average,
    figures::{Money, StageFigures},
    turns,
};
use crate::reports::{filters::Selection, sql::Sql};
use domain::{Cents, Date, Row, RowFilter, Table};
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult,
    sea_query::{Expr, JoinType, Query},
};
use std::collections::HashMap;

/// What the database says of one stage.
#[derive(Default)]
struct Line {
    turns: i64,
    cents: i64,
    /// How many turns say since when they stand there; the sum of these days, counted from 1970; and the first of them.
    dated: i64,
    entered: i64,
    first_entered: Option<i64>,
}

/// The figures of every stage that is in use or holds a turn, in the stages' order.
pub async fn read(db: &impl ConnectionTrait, sql: Sql, selection: &Selection, today: Date) -> Result<Vec<StageFigures>, DbErr> {
    let (mut lines, scopes) = futures::try_join!(lines(db, sql, selection), more_than_estimated(db, sql, selection))?;
    for (stage, cents) in scopes {
        lines.entry(stage).or_default().cents += cents;
    }
    let mut stages = crate::db::rows::page(db, Table::TurnStages, &RowFilter::everything(), None, 1_000).await?;
    stages.sort_by_key(|stage| (stage.int("sequence"), stage.id()));
    let today = i64::from(today.days_since(epoch()));
    let figures = stages.iter().filter_map(|stage| {
        let line = lines.remove(&stage.id().to_string());
        (line.is_some() || stage.flag("is_active")).then(|| stage_figures(stage, line, today))
    });
    Ok(figures.collect())
}

async fn lines(db: &impl ConnectionTrait, sql: Sql, selection: &Selection) -> Result<HashMap<String, Line>, DbErr> {
    let entered = sql.day_number("t.stage_entered_at");
    let mut query = turns(
        sql,
        selection,
        &[
            sql.text("t.stage_id"),
            "count(*)".to_owned(),
            sql.cents("t.estimated_amount"),
            "count(t.stage_entered_at)".to_owned(),
            sql.total(&entered),
            format!("min({entered})"),
        ],
    );
    query.and_where(Expr::cust(sql.is_true("t.is_active"))).add_group_by([Expr::cust("t.stage_id")]);
    let lines = db.query_all(&query).await?;
    lines.iter().map(line).collect()
}

/// By how much the scopes of a stage's turns are above their estimates.
async fn more_than_estimated(db: &impl ConnectionTrait, sql: Sql, selection: &Selection) -> Result<Vec<(String, i64)>, DbErr> {
    let mut scopes = Query::select();
    scopes
        .expr(Expr::cust("i.turn_id"))
        .expr_as(Expr::cust(format!("sum({})", sql.product("i.unit_cost", "i.quantity"))), "total")
        .from_as("scope_items", "i")
        .and_where(Expr::cust(sql.is_true("i.is_active")))
        .add_group_by([Expr::cust("i.turn_id")]);
    let more = "CASE WHEN s.total > 0 THEN s.total - coalesce(t.estimated_amount, 0) ELSE 0 END";
    let mut query = turns(sql, selection, &[sql.text("t.stage_id"), sql.cents(more)]);
    query
        .join_subquery(JoinType::InnerJoin, scopes, "s", Expr::cust("s.turn_id = t.id"))
        .and_where(Expr::cust(sql.is_true("t.is_active")))
        .add_group_by([Expr::cust("t.stage_id")]);
    let found = db.query_all(&query).await?;
    found.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

fn line(row: &QueryResult) -> Result<(String, Line), DbErr> {
    Ok((
        row.try_get_by_index(0)?,
        Line {
            turns: row.try_get_by_index(1)?,
            cents: row.try_get_by_index(2)?,
            dated: row.try_get_by_index(3)?,
            entered: row.try_get_by_index(4)?,
            first_entered: row.try_get_by_index(5)?,
        },
    ))
}

fn stage_figures(stage: &Row, line: Option<Line>, today: i64) -> StageFigures {
    let text = |column| stage.text(column).unwrap_or_default().to_owned();
    let line = line.unwrap_or_default();
    StageFigures {
        stage_id: stage.id(),
        key: text("key"),
        name: text("name"),
        turns: line.turns,
        amount: Money(Cents(line.cents)),
        average_days_in_stage: average(today * line.dated - line.entered, line.dated),
        oldest_days: line.first_entered.map(|first| today - first),
    }
}

fn epoch() -> Date {
    domain::Timestamp::from_micros(0).date_utc()
}
