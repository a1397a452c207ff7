//! What is particular to turns: their numbers, who works on them, the history of their stages, and when they rest.
//!
//! **Invariant:** every stage that a turn has ever entered has one line of history.

use super::{
    author::Author,
    carry_out::{Hand, RowChange, record},
    intent::Intent,
    refusal, sight,
};
use crate::{
    auth::accounts,
    db::{Db, Unit, entity::turn_stage_history, rows},
    problem::Result,
};
use domain::{Row, RowId, Table, Timestamp, Value};
use sea_orm::{NotSet, Set, prelude::TextUuid};

/// How long a finished turn stays on the devices.
const DAYS_UNTIL_REST: i32 = 30;
/// How many turns go to rest in one transaction.
const REST_AT_ONCE: u64 = 50;

/// Gives a new turn its number, `TURN-2026-00001`. A rollback gives the number back.
pub async fn number(unit: &mut Unit, turn: &mut Row, at: Timestamp) -> Result<()> {
    let year = at.date_utc().year();
    let number = unit.draw(&counter_name(year)).await?;
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

/// Checks that a newly named vendor may be given work, and that the superintendent is somebody.
pub async fn require_consistent(unit: &mut Unit, before: Option<&Row>, after: &Row) -> Result<()> {
    let changed = |column: &str| before.is_none_or(|before| before.get(column) != after.get(column));
    for column in ["vendor_id", "flooring_vendor_id"] {
        let Some(vendor) = after.row_id(column).filter(|_| changed(column)) else {
            continue;
        };
        let vendor = unit.find(Table::Vendors, vendor).await?;
        if !vendor.is_some_and(|vendor| vendor.flag("is_approved") && vendor.flag("is_active")) {
            return Err(refusal::field(column, "names no approved and active vendor"));
        }
    }
    if let Some(user) = after.user_id("superintendent_id").filter(|_| changed("superintendent_id"))
        && !accounts::by_id(&***unit, user).await?.is_some_and(|account| account.is_active)
    {
        return Err(refusal::field("superintendent_id", "names nobody who works here"));
    }
    Ok(())
}

/// Notes that a turn entered a stage, and how long it stood in the one before.
pub fn note_stage(unit: &mut Unit, hand: Hand<'_>, intent: &Intent, before: Option<&Row>, after: &Row) -> Result<()> {
    let Some(to_stage) = after.row_id("stage_id") else { return Ok(()) };
    let entered = before.and_then(|turn| turn.timestamp("stage_entered_at"));
    unit.put_stage_move(turn_stage_history::ActiveModel {
        id: NotSet,
        turn_id: Set(TextUuid(intent.row_id.0)),
        from_stage_id: Set(before.and_then(|turn| turn.row_id("stage_id")).map(|id| id.to_string())),
        to_stage_id: Set(TextUuid(to_stage.0)),
        changed_by: Set(TextUuid(hand.author.user().0)),
        changed_at: Set(hand.at.micros()),
        seconds_in_stage: Set(entered.map(|entered| ((hand.at.micros() - entered.micros()) / 1_000_000).max(0))),
        reason: Set(None),
    });
    Ok(())
}

/// Takes turns off the devices that were finished a month ago; reports and searches still find them. Gives how many.
pub async fn rest(db: &Db, at: Timestamp) -> Result<usize> {
    let last_day = Value::Date(at.date_utc().plus_days(-DAYS_UNTIL_REST));
    let author = Author::server("rest");
    let hand = Hand {
        author: &author,
        write_id: None,
        at,
    };
    let mut rested = 0;
    loop {
        let turns = rows::finished_turns(db.readers(), &last_day, REST_AT_ONCE).await?;
        if turns.is_empty() {
            return Ok(rested);
        }
        let mut unit = db.unit().await?;
        for id in turns {
            rested += usize::from(rest_one(&mut unit, hand, id, &last_day).await?);
        }
        unit.commit().await?;
    }
}

async fn rest_one(unit: &mut Unit, hand: Hand<'_>, id: RowId, last_day: &Value) -> Result<bool> {
    let Some(turn) = unit.find(Table::Turns, id).await? else { return Ok(false) };
    // Somebody may have written it since it was looked up.
    let is_due = turn.flag("is_active") && matches!((turn.get("completed_on"), last_day), (Value::Date(day), Value::Date(last)) if day <= last);
    if !is_due {
        return Ok(false);
    }
    let mut rested = turn.clone();
    rested.set("is_active", Value::Bool(false));
    rested.set("version", Value::Int(turn.version() + 1));
    rested.set("updated_at", Value::Timestamp(hand.at));
    record(unit, hand, RowChange::update(turn.clone(), rested.clone())).await?;
    sight::follow_turn(unit, hand, Some(&turn), &rested).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::Passwords,
        config::{DatabaseSettings, DatabaseUrl, PasswordCost},
        demo, stages,
    };
    use domain::RowFilter;
    use std::num::NonZeroU32;

    const NOW: Timestamp = Timestamp::from_millis(1_795_402_000_000);
    const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

    async fn a_demo(folder: &std::path::Path) -> Db {
        let url = format!("sqlite://{}?mode=rwc", folder.join("t.db").display());
        let db = Db::open(&DatabaseSettings::only(DatabaseUrl::read("DATABASE_URL", url).unwrap()))
            .await
            .unwrap();
        let cost = PasswordCost {
            memory_kib: 8,
            iterations: NonZeroU32::MIN,
        };
        let demo = demo::Demo {
            properties: 30,
            seed: 1,
            past_turns: 0,
        };
        stages::seed(&db, NOW).await.unwrap();
        demo::make(&db, &Passwords::new(cost).unwrap(), demo, NOW).await.unwrap();
        db
    }

    async fn all(db: &Db, table: Table) -> Vec<Row> {
        rows::page(db.readers(), table, &RowFilter::everything(), None, 10_000).await.unwrap()
    }

    #[tokio::test]
    async fn a_turn_goes_to_rest_a_month_after_it_was_finished_with_all_that_belongs_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = a_demo(folder.path()).await;
        assert_eq!(rest(&db, NOW).await.unwrap(), 0);
        let in_a_month = Timestamp::from_micros(NOW.micros() + 31 * DAY_MICROS);
        let finished: Vec<Row> = all(&db, Table::Turns)
            .await
            .into_iter()
            .filter(|turn| turn.date("completed_on").is_some())
            .collect();
        assert!(!finished.is_empty());
        assert_eq!(rest(&db, in_a_month).await.unwrap(), finished.len());
        assert_eq!(rest(&db, in_a_month).await.unwrap(), 0, "once is enough");

        let ids: Vec<RowId> = finished.iter().map(Row::id).collect();
        let is_theirs = |row: &Row, column: &str| row.row_id(column).is_some_and(|id| ids.contains(&id));
        for turn in all(&db, Table::Turns).await {
            assert_eq!(turn.flag("is_active"), !is_theirs(&turn, "id"));
        }
        for item in all(&db, Table::ScopeItems).await {
            assert_eq!((item.flag("is_active"), item.version()), (!is_theirs(&item, "turn_id"), 1));
        }
        let homes: Vec<RowId> = finished.iter().filter_map(|turn| turn.row_id("property_id")).collect();
        for home in all(&db, Table::Properties).await.iter().filter(|home| homes.contains(&home.id())) {
            assert!(home.get("vendor_id").is_null(), "nobody works there any more");
        }
        db.close().await;
    }
}
