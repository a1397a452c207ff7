//! What stands empty, for how long, and what that has cost.
//!
//! **Invariant:** a home is counted once, however many open turns it has.

use super::{
    begun,
    figures::{Money, Vacancy},
    turns,
};
use crate::reports::{filters::Selection, sql::Sql};
use domain::{Cents, Date, money::DAYS_OF_RENT};
use sea_orm::{
    ConnectionTrait, DbErr, QueryResult,
    sea_query::{Expr, Query},
};

/// Homes that are empty since the same day.
struct Since {
    day: Date,
    homes: i64,
    monthly_rent: Cents,
}

/// The figures of all homes that are empty on `today`.
pub async fn read(db: &impl ConnectionTrait, sql: Sql, selection: &Selection, today: Date) -> Result<Vacancy, DbErr> {
    let results = ["t.property_id AS property_id".to_owned(), format!("min({}) AS since", begun(sql))];
    let mut empty = turns(sql, selection, &results);
    empty
        .and_where(Expr::cust(sql.is_true("t.is_active")))
        .and_where(Expr::cust("t.completed_on IS NULL"))
        .add_group_by([Expr::cust("t.property_id")]);
    let mut query = Query::select();
    query
        .exprs([sql.text("e.since"), "count(*)".to_owned(), sql.cents("p.monthly_rent")].map(Expr::cust))
        .from_subquery(empty, "e")
        .join_as(sea_orm::JoinType::LeftJoin, "properties", "p", Expr::cust("p.id = e.property_id"))
        .add_group_by([Expr::cust("e.since")]);
    let since: Vec<_> = db.query_all(&query).await?.iter().map(since).collect::<Result<_, _>>()?;
    Ok(add_up(&since, today))
}

fn add_up(since: &[Since], today: Date) -> Vacancy {
    // A move-out that is still to come is no vacancy yet.
    let since: Vec<_> = since.iter().filter(|since| since.day <= today).collect();
    let days = |since: &Since| i64::from(today.days_since(since.day));
    let rent: i128 = since.iter().map(|since| i128::from(since.monthly_rent.0) * i128::from(days(since))).sum();
    // Rounded once, and not for each home.
    let lost = (rent * 2 + i128::from(DAYS_OF_RENT)) / i128::from(DAYS_OF_RENT * 2);
    Vacancy {
        vacant_homes: since.iter().map(|since| since.homes).sum(),
        vacancy_days: since.iter().map(|since| since.homes * days(since)).sum(),
        lost_rent: Money(Cents(i64::try_from(lost).unwrap_or(i64::MAX))),
    }
}

fn since(row: &QueryResult) -> Result<Since, DbErr> {
    let day: String = row.try_get_by_index(0)?;
    Ok(Since {
        day: day.parse().map_err(|_| DbErr::Type(format!("“{day}” is not a date")))?,
        homes: row.try_get_by_index(1)?,
        monthly_rent: Cents(row.try_get_by_index(2)?),
    })
}
