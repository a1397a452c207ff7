//! What people know a row by, and what therefore may not occur twice: a home's number, a stage's key, a home's one turn.
//!
//! Ids are made on devices and never meet. These do: two people without signal number the same new home, or begin the turn of
//! the same empty one. The second create is then a conflict with the first one's row, for its author to decide.
//!
//! **Invariant:** the server asks [`Row::natural_key`] and nothing else whether two rows are one and the same thing.

use super::Table;
use crate::{Row, Value};

impl Table {
    /// The columns that together may not occur twice; none where rows are told apart by their ids alone.
    pub const fn natural_key(self) -> &'static [&'static str] {
        match self {
            Self::Properties => &["property_number"],
            // Of a home's turns only one is under way.
            Self::Turns => &["property_id"],
            Self::TurnStages => &["key"],
            Self::PropertyTypes => &["name"],
            Self::ScopeItems | Self::Vendors | Self::Approvals | Self::Documents | Self::Notifications => &[],
        }
    }
}

impl Row {
    /// The values of [`Table::natural_key`] that this row holds against others; none where it holds nothing: a finished turn
    /// does not keep its home from having another.
    pub fn natural_key(&self) -> Option<Vec<&Value>> {
        let columns = self.table().natural_key();
        let values: Vec<&Value> = columns.iter().map(|column| self.get(column)).collect();
        let is_held = !columns.is_empty() && values.iter().all(|value| !value.is_null());
        (is_held && self.is_under_way()).then_some(values)
    }

    /// Whether two rows are known by the same: one of them is one too many.
    pub fn shares_natural_key(&self, other: &Self) -> bool {
        let is_other = self.table() == other.table() && self.id() != other.id();
        is_other && self.natural_key().is_some_and(|key| other.natural_key() == Some(key))
    }

    fn is_under_way(&self) -> bool {
        self.table() != Table::Turns || (self.flag("is_active") && self.get("completed_on").is_null())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn row(table: Table, id: u128, values: &[(&str, Value)]) -> Row {
        let mut row = Row::blank(table);
        row.set("id", Value::Uuid(Uuid::from_u128(id)));
        for (column, value) in values {
            assert!(row.set(column, value.clone()), "{column}");
        }
        row
    }

    #[test]
    fn every_key_is_made_of_required_columns_of_its_table() {
        for table in Table::ALL {
            for name in table.natural_key() {
                assert!(table.column(name).is_some_and(|column| column.required), "{table:?}.{name}");
            }
        }
    }

    #[test]
    fn two_homes_with_one_number_are_one_too_many() {
        let number = |id, number| row(Table::Properties, id, &[("property_number", Value::text(number))]);
        assert!(number(1, "17").shares_natural_key(&number(2, "17")));
        assert!(!number(1, "17").shares_natural_key(&number(2, "18")));
        assert!(!number(1, "17").shares_natural_key(&number(1, "17")), "a row is not in its own way");
        assert!(!row(Table::Vendors, 1, &[]).shares_natural_key(&row(Table::Vendors, 2, &[])));
    }

    #[test]
    fn a_home_has_one_turn_under_way_and_any_number_of_finished_ones() {
        let home = || ("property_id", Value::Uuid(Uuid::from_u128(9)));
        let under_way = |id| row(Table::Turns, id, &[home(), ("is_active", Value::Bool(true))]);
        let today = Value::Date("2026-11-23".parse().unwrap());
        let finished = row(Table::Turns, 3, &[home(), ("is_active", Value::Bool(true)), ("completed_on", today)]);
        assert!(under_way(1).shares_natural_key(&under_way(2)));
        assert!(!under_way(1).shares_natural_key(&finished));
        assert!(!finished.shares_natural_key(&under_way(1)));
    }
}
