//! The demo's make-ready projects, each with what its stage and those before it demand.
//!
//! **Invariant:** a turn could have been moved to its stage by hand, step by step.

use super::{companies, draw::Draw, fresh, people::Managers, words::TURN_NOTES};
use domain::{Cents, Date, Row, Table, Timestamp, Value, stage};

/// Places in the order of the default stages.
const SECURE_PROPERTY: i64 = 2;
const SCOPE_REVIEW: i64 = 4;
const VENDOR_ASSIGNED: i64 = 5;
const TURNS_COMPLETE: i64 = 8;
const SCAN_360: i64 = 9;

/// Approval is needed from these amounts on.
const DFO_FROM: Cents = Cents(300_000);
const HO_FROM: Cents = Cents(1_000_000);

const UTILITY_STATUS: [&str; 3] = ["yes", "no", "pending"];
const PRIORITIES: [&str; 8] = ["low", "medium", "medium", "medium", "medium", "high", "high", "urgent"];
const LOCK_BOX_PLACES: [&str; 5] = ["front", "front", "back", "left", "right"];

/// A turn of `property` that stands in `stage`; gives the property its lock box and move-out day on the way.
pub fn draw(draw: &mut Draw, property: &mut Row, stage: &Row, managers: Managers, now: Timestamp) -> Row {
    let place = stage.int("sequence").unwrap_or(1);
    let today = now.date_utc();
    // The further a turn is, the longer the home is empty.
    let vacant_days = draw.between(place * 3..=place * 6 + 8) as i32;
    let moved_out = today.plus_days(-vacant_days);
    property.set("move_out_date", Value::Date(moved_out));
    if place >= SECURE_PROPERTY {
        put_lock_box(draw, property, moved_out.plus_days(1));
    }
    let mut turn = fresh(Table::Turns, draw, managers.manager, now);
    let in_stage_micros = draw.between(1..=vacant_days.clamp(2, 9).into()) * 86_400_000_000 + draw.between(0..=36_000) * 1_000_000;
    for (column, value) in [
        ("property_id", Value::Uuid(property.id().0)),
        ("stage_id", Value::Uuid(stage.id().0)),
        ("stage_entered_at", Value::Timestamp(Timestamp::from_micros(now.micros() - in_stage_micros))),
        ("priority", Value::text(*draw.one_of(&PRIORITIES))),
        ("move_out_date", Value::Date(moved_out)),
        // Some are late already.
        ("due_date", Value::Date(moved_out.plus_days(draw.between(24..=60) as i32))),
        ("power_status", Value::text(*draw.one_of(&UTILITY_STATUS))),
        ("water_status", Value::text(*draw.one_of(&UTILITY_STATUS))),
        ("gas_status", Value::text(*draw.one_of(&UTILITY_STATUS))),
        ("trash_out_needed", Value::Bool(draw.percent(35))),
        ("appliances_needed", Value::Bool(draw.percent(30))),
        (
            "notes",
            if draw.percent(60) {
                Value::text(*draw.one_of(&TURN_NOTES))
            } else {
                Value::Null
            },
        ),
    ] {
        turn.set(column, value);
    }
    domain::mutation::inherit_visibility(&mut turn, property);
    put_progress(draw, &mut turn, place, moved_out, today);
    turn
}

/// What the scope adds up to, and how far its approval is.
pub fn settle_amounts(turn: &mut Row, stage: &Row, items: &[Row]) {
    let place = stage.int("sequence").unwrap_or(1);
    let total = stage::scope_total(items);
    let is_decided = place >= VENDOR_ASSIGNED;
    let status = match total {
        _ if place < SCOPE_REVIEW || total < DFO_FROM => "none",
        _ if is_decided => "approved",
        total if total >= HO_FROM => "ho_needed",
        _ => "dfo_needed",
    };
    turn.set("estimated_amount", Value::Numeric(total.0));
    turn.set("approval_status", Value::text(status));
    if is_decided {
        turn.set("approved_amount", Value::Numeric(total.0));
    }
    if place >= TURNS_COMPLETE {
        turn.set("actual_amount", Value::Numeric(total.0));
    }
}

fn put_lock_box(draw: &mut Draw, property: &mut Row, installed_on: Date) {
    property.set("lock_box_code", Value::text(format!("{:04}", draw.between(0..=9_999))));
    property.set("lock_box_location", Value::text(*draw.one_of(&LOCK_BOX_PLACES)));
    property.set("lock_box_installed_on", Value::Date(installed_on));
}

fn put_progress(draw: &mut Draw, turn: &mut Row, place: i64, moved_out: Date, today: Date) {
    let mut day = moved_out.plus_days(2);
    let mut next_day = |draw: &mut Draw| {
        day = day.plus_days(draw.between(1..=4) as i32).min(today);
        day
    };
    // A turn that was finished a month ago would be taken off the board at the first start.
    let lately = today.plus_days(-25);
    if place >= VENDOR_ASSIGNED {
        // One of them gets a good part of the work, so that its account has something to see.
        let vendor = match draw.between(1..=15) {
            vendor @ 1..=11 => vendor as usize,
            _ => 1,
        };
        turn.set("vendor_id", Value::Uuid(companies::vendor_id(vendor).0));
        turn.set("work_order_number", Value::text(format!("WO-{}", draw.between(40_000..=59_999))));
        turn.set("scope_approved_on", Value::Date(next_day(draw)));
        turn.set("assigned_on", Value::Date(next_day(draw)));
    }
    if place >= TURNS_COMPLETE {
        turn.set("final_walk_on", Value::Date(next_day(draw).max(lately)));
        turn.set("completed_on", Value::Date(next_day(draw).max(lately)));
    }
    if place >= SCAN_360 {
        turn.set("scan_360_on", Value::Date(next_day(draw).max(lately)));
    }
}
