//! The board's columns: which turns, in which order, worth how much.

use domain::{RowId, Table, Value};
use std::collections::HashSet;
use sync::LocalView;

/// The turns of a stage: the earliest due first, those without a due date last.
pub fn column(view: &LocalView, stage: RowId, found: Option<&HashSet<RowId>>) -> Vec<RowId> {
    let turns = view
        .list(Table::Turns, "stage_id", &Value::Uuid(stage.0))
        .into_iter()
        .flat_map(|turns| turns.iter());
    turns.filter(|turn| found.is_none_or(|found| found.contains(turn))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::Field;
    use domain::Date;
    use uuid::Uuid;

    #[test]
    fn the_earliest_due_turn_stands_first() {
        let mut field = Field::new();
        let (late, early) = (RowId(Uuid::from_u128(21)), RowId(Uuid::from_u128(22)));
        let due = |day| [("due_date", Value::Date(Date::new(2026, 12, day).expect("a day")))];
        field.put_turn(late, Field::DRAFT, &due(24));
        field.put_turn(early, Field::DRAFT, &due(1));
        assert_eq!(column(&field.view, Field::DRAFT, None), [early, late, Field::TURN]);
    }
}
