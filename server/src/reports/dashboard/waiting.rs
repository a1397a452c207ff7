//! Approvals that wait for their decision.
//!
//! **Invariant:** only those of turns that the report is about.

use super::figures::{ApprovalsWaiting, Money, Waiting};
use crate::reports::{filters::Selection, sql::Sql};
use domain::Cents;
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, Query},
};

/// What waits at each level.
pub async fn read(db: &impl ConnectionTrait, sql: Sql, selection: &Selection) -> Result<ApprovalsWaiting, DbErr> {
    let mut query = Query::select();
    query
        .exprs(["a.level".to_owned(), "count(*)".to_owned(), sql.cents("a.amount")].map(Expr::cust))
        .from_as("approvals", "a")
        .join_as(sea_orm::JoinType::InnerJoin, "turns", "t", Expr::cust("t.id = a.turn_id"))
        .and_where(Expr::cust("a.status = 'pending'"))
        .and_where(Expr::cust(sql.is_true("a.is_active")))
        .cond_where(selection.turns(sql))
        .add_group_by([Expr::cust("a.level")]);
    let mut waiting = ApprovalsWaiting::default();
    for row in db.query_all(&query).await? {
        let level: String = row.try_get_by_index(0)?;
        let figures = Waiting {
            count: row.try_get_by_index(1)?,
            amount: Money(Cents(row.try_get_by_index(2)?)),
        };
        match &*level {
            "DFO" => waiting.dfo = figures,
            "HO" => waiting.ho = figures,
            _ => {}
        }
    }
    Ok(waiting)
}
