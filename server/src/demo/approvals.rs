//! The demo's approvals: what is waiting, and what was decided on the way.
//!
//! **Invariant:** a turn that waits or is approved has the requests that led there, bound to its scope as it is.

use super::{draw::Draw, fresh, people::People};
use crate::write::scope_digest;
use domain::{Cents, Row, Table, Timestamp, UserId, Value, approval::Level, mutation::inherit_visibility, stage};

/// The requests of one turn; binds the turn to its scope.
pub fn draw(draw: &mut Draw, people: &People, turn: &mut Row, items: &[Row], now: Timestamp) -> Vec<Row> {
    let amount = stage::amount(turn, stage::scope_total(items));
    let levels: &[(Level, bool)] = match (turn.text("approval_status"), amount >= HO_FROM) {
        (Some("dfo_needed"), _) => &[(Level::Dfo, false)],
        (Some("ho_needed"), _) => &[(Level::Dfo, true), (Level::Ho, false)],
        (Some("approved"), false) => &[(Level::Dfo, true)],
        (Some("approved"), true) => &[(Level::Dfo, true), (Level::Ho, true)],
        _ => return vec![],
    };
    let digest = scope_digest(amount, items);
    turn.set("scope_digest", Value::text(digest.as_str()));
    let asked_by = turn.user_id("property_manager_id").unwrap_or(UserId(uuid::Uuid::nil()));
    let request = |(level, is_decided): &(Level, bool)| {
        let mut row = fresh(Table::Approvals, draw, asked_by, now);
        row.set("turn_id", turn.get("id").clone());
        row.set("level", Value::text(level.name()));
        row.set("amount", Value::Numeric(amount.0));
        row.set("scope_digest", Value::text(digest.as_str()));
        row.set("requested_by", Value::Uuid(asked_by.0));
        if *is_decided {
            row.set("status", Value::text("approved"));
            row.set("decided_by", Value::Uuid(people.approver(*level).0));
            row.set("decided_at", Value::Timestamp(now));
        }
        inherit_visibility(&mut row, turn);
        row
    };
    levels.iter().map(request).collect()
}

const HO_FROM: Cents = Cents(1_000_000);
