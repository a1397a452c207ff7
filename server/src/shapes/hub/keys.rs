//! By which values a shape's rows can be told from others.
//!
//! **Invariant:** every row that the shape holds has one of its keys.

use crate::shapes::{
    clause::{Clause, Comparison, Test},
    shape::Shape,
};
use domain::{ColumnType, Table, Value};

/// So many values make no index worth its while.
const MOST: usize = 100;

type Keys = Vec<(usize, Value)>;

/// Column and value, one of which every row of the shape has; none where there are no such values.
pub fn of(shape: &Shape) -> Option<Keys> {
    let ours = of_filter(shape);
    let theirs = shape.clause.as_ref().and_then(of_clause);
    // Ids tell rows apart better than stages do.
    let names_rows = |keys: &Keys| keys.iter().all(|(column, _)| is_id(shape.table, *column));
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => Some(if names_rows(&theirs) { theirs } else { ours }),
        (ours, theirs) => ours.or(theirs),
    }
    .filter(|keys| keys.len() <= MOST)
}

fn is_id(table: Table, column: usize) -> bool {
    table.columns()[column].kind == ColumnType::Uuid
}

/// One condition of each alternative.
fn of_filter(shape: &Shape) -> Option<Keys> {
    let key = |conditions: &Vec<(&'static str, Value)>| {
        let columns = conditions.iter().filter_map(|(name, value)| {
            let column = shape.table.columns().iter().position(|column| column.name == *name)?;
            Some((column, value.clone()))
        });
        columns.max_by_key(|(column, _)| is_id(shape.table, *column))
    };
    shape.filter.alternatives().iter().map(key).collect()
}

fn of_clause(clause: &Clause) -> Option<Keys> {
    match clause {
        Clause::Constant(false) => Some(vec![]),
        Clause::Test(operand, _) if operand.as_text => None,
        Clause::Test(operand, Test::Is(Comparison::Equal, value)) => Some(vec![(operand.column, value.clone())]),
        Clause::Test(operand, Test::In(values)) => Some(values.iter().map(|value| (operand.column, value.clone())).collect()),
        Clause::Test(operand, Test::IsNull(true)) => Some(vec![(operand.column, Value::Null)]),
        Clause::All(clauses) => clauses.iter().filter_map(of_clause).min_by_key(Vec::len),
        Clause::Any(clauses) => clauses.iter().map(of_clause).collect::<Option<Vec<_>>>().map(|keys| keys.concat()),
        Clause::Constant(true) | Clause::Test(..) | Clause::Compare(..) => None,
    }
}
