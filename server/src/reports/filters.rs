//! What a report is narrowed to, and what that means for each table.
//!
//! **Invariant:** every query of a report goes through [`Selection`], so that none can forget whose rows they are.

use super::{scope::Scope, sql::Sql};
use domain::{Date, RowId, UserId};
use sea_orm::sea_query::{Alias, Cond, Expr, ExprTrait, IntoColumnRef, Query, SelectStatement};

/// What the caller asked for, with names found and dates read.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// Turns that stand in this stage.
    pub stage: Option<RowId>,
    /// Rows that this person looks after, as manager or as senior manager.
    pub manager: Option<UserId>,
    /// Homes of this market.
    pub market: Option<String>,
    /// Turns that this vendor works on, as vendor or for the floors.
    pub vendor: Option<RowId>,
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
}

/// Rows of a report: whose, and which of these.
#[derive(Clone, Debug)]
pub struct Selection {
    /// What the role gives.
    pub scope: Scope,
    /// What the caller asked for.
    pub filters: Filters,
}

impl Selection {
    /// Turns, where their table is called `t`.
    pub fn turns(&self, sql: Sql) -> Cond {
        let Filters { stage, vendor, market, .. } = &self.filters;
        let homes = market.as_ref().map(|market| {
            let mut homes = Query::select();
            homes.column("id").from("properties").and_where(Expr::col("market").eq(market.as_str()));
            of("t", "property_id").in_subquery(homes)
        });
        self.managed("t", sql)
            .add_option(stage.map(|stage| of("t", "stage_id").eq(sql.id(stage.0))))
            .add_option(vendor.map(|vendor| either("t", ["vendor_id", "flooring_vendor_id"], || sql.id(vendor.0))))
            .add_option(homes)
    }

    /// Homes, where their table is called `p`. A stage or a vendor means the homes that have such a turn under way.
    pub fn homes(&self, sql: Sql) -> Cond {
        let Filters { stage, vendor, market, .. } = &self.filters;
        let has_turn = (stage.is_some() || vendor.is_some()).then(|| of("p", "id").in_subquery(self.active_turns(sql, "property_id")));
        self.managed("p", sql)
            .add_option(market.as_ref().map(|market| of("p", "market").eq(market.as_str())))
            .add_option(has_turn)
    }

    /// Vendors, where their table is called `v`: all, or those who work on a turn that the filters leave.
    pub fn vendors(&self, sql: Sql) -> Cond {
        let Filters {
            stage,
            manager,
            market,
            vendor,
            ..
        } = &self.filters;
        let works_on = (stage.is_some() || manager.is_some() || market.is_some()).then(|| {
            let works = |column| of("v", "id").in_subquery(self.active_turns(sql, column));
            works("vendor_id").or(works("flooring_vendor_id"))
        });
        Cond::all()
            .add_option(vendor.map(|vendor| of("v", "id").eq(sql.id(vendor.0))))
            .add_option(works_on)
    }

    /// A column between the first and the last day, as far as they are given.
    pub fn within(&self, day: impl Fn() -> Expr, sql: Sql) -> Cond {
        Cond::all()
            .add_option(self.filters.from.map(|from| day().gte(sql.date(from))))
            .add_option(self.filters.to.map(|to| day().lte(sql.date(to))))
    }

    fn active_turns(&self, sql: Sql, column: &'static str) -> SelectStatement {
        let mut turns = Query::select();
        turns
            .expr(of("t", column))
            .from_as("turns", "t")
            .and_where(Expr::cust(sql.is_true("t.is_active")))
            // NULL in a list makes `NOT IN` strange and `IN` slow.
            .and_where(of("t", column).is_not_null())
            .cond_where(self.turns(sql));
        turns
    }

    fn managed(&self, table: &'static str, sql: Sql) -> Cond {
        let mine = match self.scope {
            Scope::Everything => None,
            Scope::Managed { column, by } => Some(of(table, column).eq(sql.id(by.0))),
        };
        let theirs = self
            .filters
            .manager
            .map(|manager| either(table, ["property_manager_id", "sr_property_manager_id"], || sql.id(manager.0)));
        Cond::all().add_option(mine).add_option(theirs)
    }
}

fn of(table: &'static str, column: &'static str) -> Expr {
    Expr::col((Alias::new(table), Alias::new(column)).into_column_ref())
}

fn either(table: &'static str, columns: [&'static str; 2], is: impl Fn() -> Expr) -> Expr {
    let [one, other] = columns.map(|column| of(table, column).eq(is()));
    one.or(other)
}
