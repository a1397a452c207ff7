//! What is particular to turns: their numbers and the history of their stages.
//!
//! **Invariant:** every stage that a turn has ever entered has one line of history.

use super::{author::Author, intent::Intent};
use crate::{
    db::{Transaction, counters, entity::turn_stage_history},
    problem::Result,
};
use domain::{Row, Timestamp, Value};
use sea_orm::{EntityTrait, NotSet, Set, prelude::TextUuid};

/// Gives a new turn its number, `TURN-2026-00001`. A rollback gives the number back.
pub async fn number(tx: &mut Transaction, turn: &mut Row, at: Timestamp) -> Result<()> {
    let year = at.date_utc().year();
    let number = counters::draw(&**tx, &counter_name(year)).await?;
    turn.set("turn_number", Value::text(turn_number(year, number)));
    Ok(())
}

/// As people read it.
pub fn turn_number(year: i16, number: i64) -> String {
    format!("TURN-{year}-{number:05}")
}

/// The counter that a year's numbers are drawn from.
pub fn counter_name(year: i16) -> String {
    format!("turn_number_{year}")
}

/// Notes that a turn entered a stage, and how long it stood in the one before.
pub async fn note_stage(tx: &Transaction, author: &Author, intent: &Intent, before: Option<&Row>, after: &Row, at: Timestamp) -> Result<()> {
    let Some(to_stage) = after.row_id("stage_id") else { return Ok(()) };
    let entered = before.and_then(|turn| turn.timestamp("stage_entered_at"));
    let model = turn_stage_history::ActiveModel {
        id: NotSet,
        turn_id: Set(TextUuid(intent.row_id.0)),
        from_stage_id: Set(before.and_then(|turn| turn.row_id("stage_id")).map(|id| TextUuid(id.0))),
        to_stage_id: Set(TextUuid(to_stage.0)),
        changed_by: Set(TextUuid(author.user().0)),
        changed_at: Set(at.micros()),
        seconds_in_stage: Set(entered.map(|entered| ((at.micros() - entered.micros()) / 1_000_000).max(0))),
        reason: Set(None),
    };
    turn_stage_history::Entity::insert(model).exec_without_returning(&**tx).await?;
    Ok(())
}
