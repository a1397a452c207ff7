//! A clause as a condition of a query.
//!
//! **Invariant:** every row that the clause admits fulfils the condition. The other way round need not be: what the database
//! would see otherwise than we do (the order of texts, the case of letters) is left to [`Clause::admits`].

use super::{Clause, Comparison, Operand, Test};
use crate::db::codec;
use domain::{ColumnType, Table, Value};
use sea_orm::{
    DbBackend,
    sea_query::{BinOper, Cond, Expr, ExprTrait},
};

/// The condition, for one kind of database.
pub fn condition(backend: DbBackend, table: Table, clause: &Clause) -> Cond {
    let query = Query { backend, table };
    match clause {
        Clause::Constant(constant) => Cond::all().add(constant_expr(*constant)),
        Clause::All(clauses) => clauses.iter().fold(Cond::all(), |all, clause| all.add(condition(backend, table, clause))),
        // A list of none is never true, but an empty condition would be.
        Clause::Any(clauses) => {
            let none = Cond::any().add(constant_expr(false));
            clauses.iter().fold(none, |any, clause| any.add(condition(backend, table, clause)))
        }
        Clause::Test(operand, test) => Cond::all().add(query.test(*operand, test).unwrap_or_else(|| constant_expr(true))),
        Clause::Compare(left, comparison, right) => Cond::all().add(query.compare(*left, *comparison, *right).unwrap_or_else(|| constant_expr(true))),
    }
}

/// Whether a row that fulfils the condition is one that the clause admits.
pub fn is_exact(backend: DbBackend, table: Table, clause: &Clause) -> bool {
    let query = Query { backend, table };
    match clause {
        Clause::Constant(_) => true,
        Clause::All(clauses) | Clause::Any(clauses) => clauses.iter().all(|clause| is_exact(backend, table, clause)),
        Clause::Test(operand, test) => query.test(*operand, test).is_some(),
        Clause::Compare(left, comparison, right) => query.compare(*left, *comparison, *right).is_some(),
    }
}

struct Query {
    backend: DbBackend,
    table: Table,
}

/// None where only we can tell.
impl Query {
    fn test(&self, operand: Operand, test: &Test) -> Option<Expr> {
        let column = self.column(operand)?;
        match test {
            Test::Is(comparison, _) if self.is_ordered_otherwise(operand, *comparison) => None,
            Test::Is(comparison, constant) => Some(comparison.of(column, self.bound(operand, constant))),
            Test::In(constants) => Some(column.is_in(constants.iter().map(|constant| self.bound(operand, constant)))),
            Test::NotIn(constants) => Some(column.is_not_in(constants.iter().map(|constant| self.bound(operand, constant)))),
            Test::IsNull(true) => Some(column.is_null()),
            Test::IsNull(false) => Some(column.is_not_null()),
            Test::Like { pattern, is_negated } => {
                let looks_so = match self.backend {
                    DbBackend::Postgres => column.like(pattern.like()?),
                    _ => column.binary(BinOper::Custom("GLOB"), pattern.glob()?),
                };
                Some(if *is_negated { looks_so.not() } else { looks_so })
            }
        }
    }

    fn compare(&self, left: Operand, comparison: Comparison, right: Operand) -> Option<Expr> {
        if self.is_ordered_otherwise(left, comparison) {
            return None;
        }
        Some(comparison.of(self.column(left)?, self.column(right)?))
    }

    /// PostgreSQL orders texts by the database's language, we by their bytes.
    fn is_ordered_otherwise(&self, operand: Operand, comparison: Comparison) -> bool {
        let is_order = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        is_order && (operand.as_text || operand.kind(self.table) == ColumnType::Text)
    }

    /// The value; none where its text in the database is not the one that we make.
    fn column(&self, operand: Operand) -> Option<Expr> {
        let column = &self.table.columns()[operand.column];
        let is_text = matches!(column.kind, ColumnType::Text);
        (!operand.as_text || is_text).then(|| Expr::col(column.name))
    }

    fn bound(&self, operand: Operand, constant: &Value) -> Expr {
        codec::bound(self.backend, operand.kind(self.table), constant)
    }
}

impl Comparison {
    fn of(self, left: Expr, right: Expr) -> Expr {
        match self {
            Self::Equal => left.eq(right),
            Self::NotEqual => left.ne(right),
            Self::Less => left.lt(right),
            Self::LessOrEqual => left.lte(right),
            Self::Greater => left.gt(right),
            Self::GreaterOrEqual => left.gte(right),
        }
    }
}

fn constant_expr(constant: bool) -> Expr {
    Expr::val(1).eq(i32::from(constant))
}
