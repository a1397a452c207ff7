//! A turn's scope of work, room by room.

use domain::{Cents, Row, RowId, Table, Value, stage::scope_item_cost};
use sync::LocalView;

/// The lines of one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// As its author wrote it.
    pub name: String,
    /// Its lines in order.
    pub items: Vec<RowId>,
    /// What they cost together.
    pub total: Cents,
}

/// The whole scope in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What everything costs.
    pub amount: Cents,
    /// How many lines.
    pub items: usize,
    /// How many of them are done.
    pub done: usize,
}

/// The rooms in the order in which they were walked.
pub fn rooms(view: &LocalView, turn: RowId) -> Vec<Room> {
    let mut rooms: Vec<Room> = Vec::new();
    for item in items(view, turn) {
        let name = item.text("room").unwrap_or_default();
        // “kitchen” and “Kitchen ” are one room to whoever stands in it.
        let at = rooms
            .iter()
            .position(|room| room.name.trim().eq_ignore_ascii_case(name.trim()))
            .unwrap_or_else(|| {
                rooms.push(Room {
                    name: name.trim().to_owned(),
                    items: Vec::new(),
                    total: Cents(0),
                });
                rooms.len() - 1
            });
        rooms[at].items.push(item.id());
        rooms[at].total = rooms[at].total + scope_item_cost(item);
    }
    rooms
}

/// Sums up a scope.
pub fn totals(view: &LocalView, turn: RowId) -> Totals {
    items(view, turn).fold(Totals::default(), |totals, item| Totals {
        amount: totals.amount + scope_item_cost(item),
        items: totals.items + 1,
        done: totals.done + usize::from(item.flag("is_done")),
    })
}

/// Where the next line goes.
pub fn next_position(view: &LocalView, turn: RowId) -> i64 {
    items(view, turn).filter_map(|item| item.int("position")).max().map_or(0, |last| last + 1)
}

/// What a column is likely to be next: what this scope has in it already, in the order of the walk, then what is common.
pub fn suggestions(view: &LocalView, turn: RowId, column: &str, common: &[&str]) -> Vec<String> {
    let used = items(view, turn).filter_map(|item| item.text(column)).map(str::trim);
    let mut suggestions: Vec<String> = Vec::new();
    for text in used.chain(common.iter().copied()).filter(|text| !text.is_empty()) {
        if !suggestions.iter().any(|known| known.eq_ignore_ascii_case(text)) {
            suggestions.push(text.to_owned());
        }
    }
    suggestions
}

/// In the order of the walk.
fn items(view: &LocalView, turn: RowId) -> impl Iterator<Item = &Row> {
    view.group(Table::ScopeItems, "turn_id", Value::Uuid(turn.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::Field;

    #[test]
    fn rooms_stand_in_the_order_of_the_walk_and_add_up() {
        let mut field = Field::new();
        for (n, room, quantity, unit_cost) in [(1, "Kitchen", 250, 1_000), (2, "Bath", 100, 500), (3, "kitchen ", 100, 99)] {
            field.put_item(Field::TURN, n, room, quantity, unit_cost);
        }
        let read: Vec<_> = rooms(&field.view, Field::TURN)
            .into_iter()
            .map(|room| (room.name, room.items.len(), room.total))
            .collect();
        assert_eq!(read, [("Kitchen".to_owned(), 2, Cents(2_599)), ("Bath".to_owned(), 1, Cents(500))]);
        assert_eq!(
            totals(&field.view, Field::TURN),
            Totals {
                amount: Cents(3_099),
                items: 3,
                done: 0
            }
        );
        assert_eq!(next_position(&field.view, Field::TURN), 4);
        assert_eq!(suggestions(&field.view, Field::TURN, "room", &["bath", "Hall"]), ["Kitchen", "Bath", "Hall"]);
    }
}
