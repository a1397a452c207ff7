//! The demo's scopes of work.
//!
//! **Invariant:** every scope adds up to between $200 and $15,000.

use super::{
    draw::Draw,
    fresh,
    people::Managers,
    words::{WORKS, Work},
};
use domain::{Cents, Row, Table, Timestamp, Value, mutation::inherit_visibility, stage};

const FEWEST: i64 = 3;
const MOST: i64 = 10;
const MOST_CENTS: Cents = Cents(1_500_000);

/// Between three and ten lines that stay below $15,000 together.
pub fn draw(draw: &mut Draw, turn: &Row, stage: &Row, managers: Managers, now: Timestamp) -> Vec<Row> {
    let done_percent = match stage.int("sequence").unwrap_or(1) {
        8.. => 100,
        6 | 7 => 45,
        _ => 0,
    };
    let mut items: Vec<Row> = vec![];
    for position in 0..draw.between(FEWEST..=MOST) {
        let work = draw.one_of(&WORKS);
        let item = item(draw, turn, work, position, done_percent, managers, now);
        let total = stage::scope_total(&items) + stage::scope_item_cost(&item);
        if total <= MOST_CENTS {
            items.push(item);
        }
    }
    items
}

fn item(draw: &mut Draw, turn: &Row, work: &Work, position: i64, done_percent: u32, managers: Managers, now: Timestamp) -> Row {
    let mut row = fresh(Table::ScopeItems, draw, managers.manager, now);
    let (fewest, most) = work.quantity;
    let (cheapest, dearest) = work.unit_cost;
    for (column, value) in [
        ("turn_id", Value::Uuid(turn.id().0)),
        ("room", Value::text(*draw.one_of(work.rooms))),
        ("category", Value::text(work.category)),
        ("description", Value::text(work.description)),
        ("quantity", Value::Numeric(draw.between(fewest..=most) * 100)),
        ("unit", Value::text(work.unit)),
        ("unit_cost", Value::Numeric(draw.between(cheapest..=dearest))),
        ("is_done", Value::Bool(draw.percent(done_percent))),
        ("position", Value::Int(position)),
    ] {
        row.set(column, value);
    }
    inherit_visibility(&mut row, turn);
    row
}
