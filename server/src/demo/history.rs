//! Turns of years gone by: what reports are made of. They are on no board and on no device.
//!
//! **Invariant:** each was completed, by somebody, for some amount, and is at rest since.

use super::{companies, draw::Draw, fresh};
use domain::{Date, Row, Table, Timestamp, UserId, Value, mutation::inherit_visibility};
use std::collections::BTreeMap;

/// How far back they go.
const DAYS: i64 = 5 * 365;
/// Until then a finished turn stands on the board.
const AT_REST_AFTER_DAYS: i32 = 31;

/// Past turns, in parts of a few thousand, so that any number of them needs little memory.
pub struct History<'a> {
    /// The homes that they were of.
    pub homes: &'a [Row],
    /// The stage in which they ended.
    pub last_stage: &'a Row,
    /// The last number of each year's turns.
    pub numbers: BTreeMap<i16, i64>,
    /// The present.
    pub now: Timestamp,
}

impl History<'_> {
    /// So many more of them.
    pub fn draw(&mut self, draw: &mut Draw, count: usize) -> Vec<Row> {
        if self.homes.is_empty() {
            return vec![];
        }
        (0..count).map(|_| self.turn(draw)).collect()
    }

    fn turn(&mut self, draw: &mut Draw) -> Row {
        let home = draw.one_of(self.homes);
        let took = draw.between(9..=40) + if draw.percent(15) { draw.between(5..=45) } else { 0 };
        let completed = self.now.date_utc().plus_days(-(draw.between(0..=DAYS) as i32) - AT_REST_AFTER_DAYS);
        let moved_out = completed.plus_days(-(took as i32));
        let by = home.user_id("property_manager_id").unwrap_or(UserId(home.id().0));
        let mut turn = fresh(Table::Turns, draw, by, at_noon(moved_out));
        let number = self.numbers.entry(moved_out.year()).or_insert(0);
        *number += 1;
        let number = crate::write::turn_number(moved_out.year(), *number);
        let estimate = draw.between(60_000..=900_000);
        let actual = estimate * draw.between(85..=120) / 100;
        for (column, value) in [
            ("turn_number", Value::text(number)),
            ("property_id", Value::Uuid(home.id().0)),
            ("stage_id", Value::Uuid(self.last_stage.id().0)),
            ("stage_entered_at", Value::Timestamp(at_noon(completed))),
            ("updated_at", Value::Timestamp(at_noon(completed))),
            ("move_out_date", Value::Date(moved_out)),
            ("due_date", Value::Date(moved_out.plus_days(draw.between(24..=45) as i32))),
            ("assigned_on", Value::Date(moved_out.plus_days((took / 3) as i32))),
            ("completed_on", Value::Date(completed)),
            ("vendor_id", Value::Uuid(companies::vendor_id(draw.between(1..=11) as usize).0)),
            ("estimated_amount", Value::Numeric(estimate)),
            ("approved_amount", Value::Numeric(estimate)),
            ("actual_amount", Value::Numeric(actual)),
        ] {
            turn.set(column, value);
        }
        inherit_visibility(&mut turn, home);
        turn.set("is_active", Value::Bool(false));
        turn
    }
}

fn at_noon(day: Date) -> Timestamp {
    const DAY_MICROS: i64 = 86_400_000_000;
    let days = i64::from(day.days_since(Timestamp::from_micros(0).date_utc()));
    Timestamp::from_micros(days * DAY_MICROS + DAY_MICROS / 2)
}
