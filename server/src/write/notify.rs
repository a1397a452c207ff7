//! Telling people what happened to their turns, in the transaction that it happened in.
//!
//! **Invariant:** nobody is told of what they did themselves, and nobody twice of one thing.

use super::carry_out::{Hand, RowChange, record};
use crate::{auth::accounts, db::Unit, ids, problem::Result};
use domain::{Operation, Row, Table, UserId, Value, approval::Level};
use std::collections::BTreeSet;

/// What is told.
pub struct Message {
    /// Which kind of news; the screen shows each in its own way.
    pub kind: &'static str,
    /// In one line.
    pub title: String,
    /// What else there is to say.
    pub body: String,
    /// The turn that it is about; NULL where it is about none.
    pub turn: Value,
}

/// A turn was written: who waits for its stage or got its work is told.
pub async fn of_turn(unit: &mut Unit, hand: Hand<'_>, operation: Operation, before: Option<&Row>, after: &Row) -> Result<()> {
    if operation == Operation::StageChange {
        let stage = match after.row_id("stage_id") {
            Some(id) => unit.find(Table::TurnStages, id).await?,
            None => None,
        };
        let stage = stage.as_ref().and_then(|stage| stage.text("name")).unwrap_or("another stage").to_owned();
        let title = format!("{} moved to {stage}", label(after));
        tell(unit, hand, people(after), "stage_changed", title, after).await?;
    }
    for column in ["vendor_id", "flooring_vendor_id"] {
        let Some(vendor) = after
            .row_id(column)
            .filter(|_| before.is_none_or(|before| before.get(column) != after.get(column)))
        else {
            continue;
        };
        let theirs = accounts::of_vendor(&***unit, vendor).await?;
        tell(unit, hand, theirs, "work_assigned", format!("You have new work: {}", label(after)), after).await?;
    }
    Ok(())
}

/// An approval is asked for.
pub async fn of_request(unit: &mut Unit, hand: Hand<'_>, request: &Row, turn: &Row) -> Result<()> {
    let level = request.text("level").and_then(Level::from_name).unwrap_or(Level::Dfo);
    let approvers = accounts::of_role(&***unit, level.approver()).await?;
    let amount = request.cents("amount").unwrap_or_default();
    let title = format!("{} needs your approval: {amount}", label(turn));
    tell(unit, hand, approvers, "approval_requested", title, turn).await
}

/// An approval was given or refused.
pub async fn of_decision(unit: &mut Unit, hand: Hand<'_>, request: &Row, turn: &Row) -> Result<()> {
    let verdict = request.text("status").unwrap_or("decided");
    let level = request.text("level").unwrap_or_default();
    let to = request.user_id("requested_by").into_iter().chain(people(turn)).collect();
    let title = format!("{} was {verdict} by {level}", label(turn));
    tell(unit, hand, to, "approval_decided", title, turn).await
}

/// What was asked for or approved is void.
pub async fn of_void(unit: &mut Unit, hand: Hand<'_>, turn: &Row) -> Result<()> {
    let title = format!("{} needs a new approval: its scope has changed", label(turn));
    tell(unit, hand, people(turn), "approval_void", title, turn).await
}

async fn tell(unit: &mut Unit, hand: Hand<'_>, to: Vec<UserId>, kind: &'static str, title: String, turn: &Row) -> Result<()> {
    let to: BTreeSet<UserId> = to.into_iter().filter(|user| *user != hand.author.user()).collect();
    if to.is_empty() {
        return Ok(());
    }
    let news = Message {
        kind,
        title,
        body: body(unit, hand, turn).await?,
        turn: turn.get("id").clone(),
    };
    for user in to {
        record(unit, hand, RowChange::create(news.to(user, hand))).await?;
    }
    Ok(())
}

impl Message {
    /// The row that brings it to somebody.
    pub fn to(&self, user: UserId, hand: Hand<'_>) -> Row {
        let mut row = Row::blank(Table::Notifications);
        for (column, value) in [
            ("id", Value::Uuid(ids::new_id())),
            ("version", Value::Int(1)),
            ("created_at", Value::Timestamp(hand.at)),
            ("updated_at", Value::Timestamp(hand.at)),
            ("created_by", Value::Uuid(hand.author.user().0)),
            ("updated_by", Value::Uuid(hand.author.user().0)),
            ("user_id", Value::Uuid(user.0)),
            ("kind", Value::text(self.kind)),
            ("title", Value::text(self.title.as_str())),
            ("body", Value::text(self.body.as_str())),
            ("turn_id", self.turn.clone()),
        ] {
            row.set(column, value);
        }
        row
    }
}

/// Those who look after the turn.
fn people(turn: &Row) -> Vec<UserId> {
    let columns = ["property_manager_id", "sr_property_manager_id", "superintendent_id"];
    columns.into_iter().filter_map(|column| turn.user_id(column)).collect()
}

fn label(turn: &Row) -> String {
    turn.text("turn_number").unwrap_or("A turn").to_owned()
}

/// Which home, and who did it.
async fn body(unit: &mut Unit, hand: Hand<'_>, turn: &Row) -> Result<String> {
    let home = match turn.row_id("property_id") {
        Some(id) => unit.find(Table::Properties, id).await?,
        None => None,
    };
    let home = home.as_ref().and_then(|home| home.text("name")).unwrap_or_default().to_owned();
    Ok(format!("{home} · {}", hand.author.name))
}
