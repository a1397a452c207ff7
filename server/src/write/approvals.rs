//! Asking for approval, deciding, and what happens when the scope changes meanwhile.
//!
//! **Invariant:** a turn's `approval_status` is about its present amount and scope. Both are bound by a digest: change
//! them, and what was asked or approved is void.

use super::{
    author::Author,
    carry_out::{Hand, RowChange, record},
    intent::Intent,
    notify, refusal, sight,
};
use crate::{
    db::Unit,
    ids,
    problem::{Failure, Result},
};
use data_encoding::HEXLOWER;
use domain::{
    Cents, Operation, Row, RowId, Table, Timestamp, Value,
    approval::{self, ApprovalStatus, DecisionRefusal, Level, Request, Verdict},
    mutation::inherit_visibility,
    stage,
};
use protocol::ProblemCode;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// What an approval binds to.
struct Bill {
    amount: Cents,
    digest: String,
}

/// What of a scope item an approver has agreed to. Ticking it off, or moving it in the list, is not part of it.
const AGREED: [&str; 7] = ["room", "category", "description", "quantity", "unit", "unit_cost", "is_change_order"];

/// Fills in a request: at which level, for how much, for which scope.
pub async fn ask(unit: &mut Unit, author: &Author, request: &mut Row) -> Result<()> {
    let turn = turn_of(unit, request).await?;
    let bill = bill(unit, &turn).await?;
    let thresholds = unit.thresholds().await?;
    let Some(level) = thresholds.first(bill.amount) else {
        return Err(refusal::field(
            "turn_id",
            &format!("needs no approval: {} is below {}", bill.amount, thresholds.dfo),
        ));
    };
    if !turn.flag("is_active") {
        return Err(refusal::field("turn_id", "names a turn that is at rest"));
    }
    let is_bound = turn.text("scope_digest") == Some(bill.digest.as_str());
    match turn.text("approval_status") {
        Some("approved") if is_bound => return Err(refusal::field("turn_id", "is approved as it stands")),
        Some("dfo_needed" | "ho_needed") if is_bound => return Err(refusal::field("turn_id", "is waiting for its approval already")),
        _ => {}
    }
    fill(request, level, &bill, author);
    Ok(())
}

/// After a request: the turn waits, its approvers see it and are told.
pub async fn follow_request(unit: &mut Unit, hand: Hand<'_>, request: &Row) -> Result<()> {
    let turn = turn_of(unit, request).await?;
    let level = request.text("level").and_then(Level::from_name).unwrap_or(Level::Dfo);
    let mut waits = turn.clone();
    waits.set("scope_digest", request.get("scope_digest").clone());
    put_status(&mut waits, ApprovalStatus::Needed(level), hand);
    record(unit, hand, RowChange::update(turn.clone(), waits.clone())).await?;
    sight::follow_turn(unit, hand, Some(&turn), &waits).await?;
    notify::of_request(unit, hand, request, &waits).await
}

/// Checks a decision and puts the turn's status after it. `turn` has the scope digest that the approver named.
pub async fn decide(unit: &mut Unit, author: &Author, intent: &Intent, turn: &mut Row, at: Timestamp) -> Result<()> {
    let level = level_of(author, intent)?;
    if intent.operation == Operation::Approve && !intent.data.contains_key("scope_digest") {
        return Err(refusal::field("scope_digest", "is required: say which scope you approve"));
    }
    let bill = bill(unit, turn).await?;
    let waiting = waiting(unit, turn.id(), level).await?;
    let request = waiting.as_ref().map(|request| Request {
        is_own: request.user_id("requested_by") == Some(author.user()),
        is_current: [request.text("scope_digest"), turn.text("scope_digest")] == [Some(bill.digest.as_str()); 2],
    });
    let verdict = match intent.operation {
        Operation::Reject => Verdict::Reject(intent.metadata.reject_reason.as_deref()),
        _ => Verdict::Approve,
    };
    let thresholds = unit.thresholds().await?;
    let status = approval::decide(author.viewer.role, level, request, verdict, bill.amount, thresholds).map_err(refused)?;
    turn.set("scope_digest", Value::text(bill.digest));
    turn.set("approval_status", Value::text(status.name()));
    if status == ApprovalStatus::Approved {
        turn.set("approved_amount", Value::Numeric(bill.amount.0));
        turn.set("scope_approved_on", Value::Date(at.date_utc()));
    }
    Ok(())
}

/// After a decision: the request has its answer, the next level is asked, its author is told.
pub async fn follow_decision(unit: &mut Unit, hand: Hand<'_>, intent: &Intent, turn: &Row) -> Result<()> {
    let level = level_of(hand.author, intent)?;
    let Some(request) = waiting(unit, turn.id(), level).await? else {
        return Ok(());
    };
    let verdict = if intent.operation == Operation::Reject { "rejected" } else { "approved" };
    let mut decided = request.clone();
    decided.set("status", Value::text(verdict));
    decided.set("decided_by", Value::Uuid(hand.author.user().0));
    decided.set("decided_at", Value::Timestamp(hand.at));
    decided.set("reason", intent.metadata.reject_reason.clone().map_or(Value::Null, Value::text));
    touch(&mut decided, hand);
    record(unit, hand, RowChange::update(request.clone(), decided.clone())).await?;
    notify::of_decision(unit, hand, &decided, turn).await?;
    if turn.text("approval_status") != Some(ApprovalStatus::Needed(Level::Ho).name()) {
        return Ok(());
    }
    let next = next_request(&request, hand);
    record(unit, hand, RowChange::create(next.clone())).await?;
    notify::of_request(unit, hand, &next, turn).await
}

/// After a scope item was written: what was asked or approved may be void.
pub async fn follow_scope_item(unit: &mut Unit, hand: Hand<'_>, before: Option<&Row>, after: Option<&Row>) -> Result<()> {
    let Some(turn) = after.or(before).and_then(|item| item.row_id("turn_id")) else {
        return Ok(());
    };
    let is_same = matches!((before, after), (Some(before), Some(after)) if AGREED.iter().all(|column| before.get(column) == after.get(column)));
    if is_same { Ok(()) } else { void_if_stale(unit, hand, turn).await }
}

/// Voids what was asked or approved for another amount or scope.
pub async fn void_if_stale(unit: &mut Unit, hand: Hand<'_>, turn: RowId) -> Result<()> {
    let Some(turn) = unit.find(Table::Turns, turn).await? else { return Ok(()) };
    if matches!(turn.text("approval_status"), None | Some("none")) {
        return Ok(());
    }
    if turn.text("scope_digest") == Some(bill(unit, &turn).await?.digest.as_str()) {
        return Ok(());
    }
    for request in unit.all_where(Table::Approvals, "turn_id", turn.get("id")).await? {
        if !matches!(request.text("status"), Some("pending" | "approved")) {
            continue;
        }
        let mut void = request.clone();
        void.set("status", Value::text("void"));
        touch(&mut void, hand);
        record(unit, hand, RowChange::update(request, void)).await?;
    }
    let mut free = turn.clone();
    free.set("approved_amount", Value::Null);
    put_status(&mut free, ApprovalStatus::None, hand);
    record(unit, hand, RowChange::update(turn.clone(), free.clone())).await?;
    sight::follow_turn(unit, hand, Some(&turn), &free).await?;
    notify::of_void(unit, hand, &free).await
}

fn level_of(author: &Author, intent: &Intent) -> Result<Level> {
    let by_role = [Level::Dfo, Level::Ho].into_iter().find(|level| level.approver() == author.viewer.role);
    intent
        .metadata
        .approval_level
        .or(by_role)
        .ok_or_else(|| refusal::field("approvalLevel", "is required: DFO or HO"))
}

async fn waiting(unit: &mut Unit, turn: RowId, level: Level) -> Result<Option<Row>> {
    let requests = unit.all_where(Table::Approvals, "turn_id", &Value::Uuid(turn.0)).await?;
    let is_waiting = |request: &Row| request.text("status") == Some("pending") && request.text("level") == Some(level.name());
    Ok(requests.into_iter().find(is_waiting))
}

async fn turn_of(unit: &mut Unit, request: &Row) -> Result<Row> {
    let turn = match request.row_id("turn_id") {
        Some(id) => unit.find(Table::Turns, id).await?,
        None => None,
    };
    turn.ok_or_else(|| refusal::field("turn_id", "names no turn"))
}

async fn bill(unit: &mut Unit, turn: &Row) -> Result<Bill> {
    let items = unit.all_where(Table::ScopeItems, "turn_id", turn.get("id")).await?;
    let amount = stage::amount(turn, stage::scope_total(&items));
    Ok(Bill {
        amount,
        digest: scope_digest(amount, &items),
    })
}

/// Names an amount and a scope: another amount or another agreed value has another digest.
pub fn scope_digest(amount: Cents, items: &[Row]) -> String {
    let mut items: Vec<&Row> = items.iter().collect();
    items.sort_by_key(|item| item.id());
    let mut text = format!("1|{}", amount.0);
    for item in items {
        let _ = write!(text, "\n{}", item.id());
        for column in AGREED {
            // Quoted, so that no value can look like two.
            let _ = write!(text, "|{:?}", item.get(column));
        }
    }
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

fn fill(request: &mut Row, level: Level, bill: &Bill, author: &Author) {
    request.set("level", Value::text(level.name()));
    request.set("amount", Value::Numeric(bill.amount.0));
    request.set("scope_digest", Value::text(bill.digest.as_str()));
    request.set("requested_by", Value::Uuid(author.user().0));
}

/// The home office is asked for the same as the director, by the same person.
fn next_request(request: &Row, hand: Hand<'_>) -> Row {
    let mut next = request.clone();
    inherit_visibility(&mut next, request);
    for (column, value) in [
        ("id", Value::Uuid(ids::new_id())),
        ("version", Value::Int(1)),
        ("created_at", Value::Timestamp(hand.at)),
        ("updated_at", Value::Timestamp(hand.at)),
        ("created_by", Value::Uuid(hand.author.user().0)),
        ("updated_by", Value::Uuid(hand.author.user().0)),
        ("level", Value::text(Level::Ho.name())),
    ] {
        next.set(column, value);
    }
    next
}

fn put_status(turn: &mut Row, status: ApprovalStatus, hand: Hand<'_>) {
    turn.set("approval_status", Value::text(status.name()));
    touch(turn, hand);
}

fn touch(row: &mut Row, hand: Hand<'_>) {
    row.set("version", Value::Int(row.version() + 1));
    row.set("updated_at", Value::Timestamp(hand.at));
    row.set("updated_by", Value::Uuid(hand.author.user().0));
}

fn refused(refusal: DecisionRefusal) -> Failure {
    let message = refusal.to_string();
    match refusal {
        DecisionRefusal::NotYours | DecisionRefusal::OwnRequest => Failure::refused(ProblemCode::Permission, message),
        DecisionRefusal::NothingWaits => refusal::field("approvalLevel", &message),
        DecisionRefusal::ScopeChanged => refusal::field("scope_digest", &message),
        DecisionRefusal::ReasonMissing => refusal::field("rejectReason", &message),
    }
}
