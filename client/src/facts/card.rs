//! One turn as its card on the board shows it.

use super::{
    address_line,
    holding::{Holding, holding},
};
use domain::{Cents, Date, Row, RowId, Table, UserId, WriteId};
use sync::{LocalView, view::Mark};

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// The property's name.
    pub name: String,
    /// City and ZIP code.
    pub address: String,
    /// Days since the last tenant moved out; negative while somebody still lives there.
    pub days_vacant: Option<i32>,
    /// The rent that was lost in these days, while the turn is not complete.
    pub rent_lost: Option<Cents>,
    /// What it costs.
    pub amount: Option<Cents>,
    /// Who has to do the next thing, and since when.
    pub holding: Holding,
    /// As in the row.
    pub priority: String,
    /// When it should be done.
    pub due: Option<Due>,
    /// Whether something of it has not reached the server.
    pub mark: Mark,
    /// The first change of it that its user must decide about.
    pub needs_you: Option<WriteId>,
}

/// A due date, seen from today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The day.
    pub on: Date,
    /// It has passed, and the turn is not complete.
    pub is_overdue: bool,
}

/// Reads a card; `amount` is what the caller knows that it costs.
pub fn card(view: &LocalView, turn: &Row, me: Option<UserId>, today: Date, amount: Option<Cents>) -> Card {
    let property = turn.row_id("property_id").and_then(|id| view.row(Table::Properties, id));
    let days_vacant = moved_out(turn, property).map(|day| today.days_since(day));
    Card {
        name: super::turn_name(view, turn.id()),
        address: property.map(address_line).unwrap_or_default(),
        days_vacant,
        rent_lost: rent_lost(turn, property, days_vacant),
        amount,
        holding: holding(view, turn, me, today),
        priority: turn.text("priority").unwrap_or("medium").to_owned(),
        due: due(turn, today),
        mark: mark(view, turn.id()),
        needs_you: needs_you(view, turn.id()),
    }
}

/// The turn's own date counts before the property's.
pub fn moved_out(turn: &Row, property: Option<&Row>) -> Option<Date> {
    turn.date("move_out_date")
        .or_else(|| property.and_then(|property| property.date("move_out_date")))
}

fn rent_lost(turn: &Row, property: Option<&Row>, days_vacant: Option<i32>) -> Option<Cents> {
    let days = days_vacant.filter(|days| *days > 0 && turn.get("completed_on").is_null())?;
    Some(property?.cents("monthly_rent")?.lost_in_days(days.into()))
}

/// When a turn is due, and whether that has passed.
pub fn due(turn: &Row, today: Date) -> Option<Due> {
    let on = turn.date("due_date")?;
    Some(Due {
        on,
        is_overdue: on < today && turn.get("completed_on").is_null(),
    })
}

/// What is not sent of a turn, its scope, its documents or its approvals.
pub fn mark(view: &LocalView, turn: RowId) -> Mark {
    Mark::of(view.writes_about(turn))
}

/// Also of what is not shown: a refused new line, an edit of a deleted one.
fn needs_you(view: &LocalView, turn: RowId) -> Option<WriteId> {
    let mut writes = view.writes_about(turn).into_iter();
    writes.find(|record| record.state.needs_user()).map(|record| record.write_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::fixture::{self, Field};
    use domain::{Operation, Value};
    use serde_json::json;
    use sync::WriteState;

    fn day(month: u8, day: u8) -> Date {
        Date::new(2026, month, day).expect("a day")
    }

    fn read(field: &Field, today: Date) -> Card {
        let turn = field.view.row(Table::Turns, Field::TURN).expect("a turn");
        card(&field.view, turn, Some(UserId(Field::MANAGER)), today, None)
    }

    #[test]
    fn a_card_says_how_long_the_home_stands_empty() {
        let mut field = Field::new();
        assert_eq!(read(&field, day(11, 23)).days_vacant, None);
        field.put_turn(Field::TURN, Field::DRAFT, &[("move_out_date", Value::Date(day(10, 31)))]);
        assert_eq!(read(&field, day(11, 23)).days_vacant, Some(23));
        assert_eq!(
            (read(&field, day(11, 23)).name.as_str(), read(&field, day(11, 23)).address.as_str()),
            ("12 Elm Street", "Tulsa, OK 74104")
        );
    }

    #[test]
    fn a_turn_is_overdue_from_the_day_after_until_it_is_complete() {
        let mut field = Field::new();
        let overdue = |field: &Field, today| read(field, today).due.map(|due| due.is_overdue);
        field.put_turn(Field::TURN, Field::DRAFT, &[("due_date", Value::Date(day(12, 1)))]);
        assert_eq!((overdue(&field, day(12, 1)), overdue(&field, day(12, 2))), (Some(false), Some(true)));
        field.put_turn(
            Field::TURN,
            Field::DRAFT,
            &[("due_date", Value::Date(day(12, 1))), ("completed_on", Value::Date(day(12, 3)))],
        );
        assert_eq!(overdue(&field, day(12, 4)), Some(false));
    }

    #[test]
    fn an_empty_home_loses_rent_until_its_turn_is_complete() {
        let mut field = Field::new();
        let mut home = field.view.row(Table::Properties, Field::PROPERTY).expect("a home").clone();
        home.set("monthly_rent", Value::Numeric(150_000));
        field.put(home);
        let moved_out = ("move_out_date", Value::Date(day(10, 31)));
        field.put_turn(Field::TURN, Field::DRAFT, std::slice::from_ref(&moved_out));
        assert_eq!(read(&field, day(11, 23)).rent_lost, Some(Cents(115_000)));
        assert_eq!(read(&field, day(10, 31)).rent_lost, None);
        field.put_turn(Field::TURN, Field::DRAFT, &[moved_out, ("completed_on", Value::Date(day(11, 20)))]);
        assert_eq!(read(&field, day(11, 23)).rent_lost, None);
    }

    #[test]
    fn a_card_says_what_needs_its_user_also_of_what_is_not_shown() {
        let mut field = Field::new();
        for (n, table) in [(5, Table::ScopeItems), (6, Table::Approvals)] {
            let write = fixture::write(
                n,
                table,
                RowId(uuid::Uuid::from_u128(n)),
                Operation::Create,
                &[("turn_id", json!(Field::TURN.to_string()))],
            );
            field.view.put_write(write.in_state(WriteState::Rejected));
        }
        let card = read(&field, day(1, 1));
        assert_eq!((card.mark, card.needs_you), (Mark::NeedsYou, Some(WriteId(uuid::Uuid::from_u128(5)))));
    }
}
