//! Which rows of one table somebody sees.

use crate::{Row, Value};

/// One condition: the column has the value.
type Condition = (&'static str, Value);

/// Rows in which all conditions of at least one alternative hold.
///
/// What decides stands in the row itself, so one filter on one table is enough.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowFilter(Vec<Vec<Condition>>);

impl RowFilter {
    /// No row.
    pub fn nothing() -> Self {
        Self(vec![])
    }

    /// Every row.
    pub fn everything() -> Self {
        Self(vec![vec![]])
    }

    /// Rows in which all of these hold.
    pub fn all_of(conditions: impl Into<Vec<Condition>>) -> Self {
        Self(vec![conditions.into()])
    }

    /// Rows in which one of these lists holds as a whole.
    pub fn any_of(alternatives: impl Into<Vec<Vec<Condition>>>) -> Self {
        Self(alternatives.into())
    }

    /// The same rows, as far as this holds too.
    pub fn and(mut self, condition: Condition) -> Self {
        for alternative in &mut self.0 {
            alternative.push(condition.clone());
        }
        self
    }

    /// The alternatives; each is a list of conditions that must all hold.
    pub fn alternatives(&self) -> &[Vec<Condition>] {
        &self.0
    }

    /// Whether a row is seen.
    pub fn admits(&self, row: &Row) -> bool {
        self.0
            .iter()
            .any(|conditions| conditions.iter().all(|(column, value)| row.get(column) == value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    #[test]
    fn one_alternative_is_enough_and_each_must_hold_as_a_whole() {
        let mut row = Row::blank(Table::Approvals);
        row.set("level", Value::text("DFO"));
        row.set("status", Value::text("void"));
        let level = |level| ("level", Value::text(level));
        let status = |status| ("status", Value::text(status));
        assert!(!RowFilter::nothing().admits(&row) && RowFilter::everything().admits(&row));
        assert!(!RowFilter::all_of([level("DFO"), status("pending")]).admits(&row));
        let either = RowFilter::any_of([vec![level("HO")], vec![status("void")]]);
        assert!(either.admits(&row));
        assert!(!either.and(level("HO")).admits(&row));
    }
}
