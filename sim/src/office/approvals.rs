//! Asking for approval, deciding, and what happens when the scope changes meanwhile: the server's `write/approvals`.
//!
//! **Invariant:** a turn's `approval_status` is about its present amount and scope.

use super::{Office, decide::Checked, ids, refusal, write::Intent};
use domain::{
    Cents, Operation, Row, RowId, Table, Timestamp, UserId, Value,
    approval::{self, ApprovalStatus, DecisionRefusal, Level, Request, Thresholds, Verdict},
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

/// Who carries a write out, and when.
#[derive(Clone, Copy)]
pub(super) struct Hand {
    pub by: UserId,
    pub at: Timestamp,
}

/// What of a scope item an approver has agreed to.
const AGREED: [&str; 7] = ["room", "category", "description", "quantity", "unit", "unit_cost", "is_change_order"];

impl Office {
    /// Fills in a request: at which level, for how much, for which scope.
    pub(super) fn ask(&self, intent: &Intent<'_>, request: &mut Row) -> Checked {
        let turn = request.row_id("turn_id").and_then(|id| self.find(Table::Turns, id));
        let turn = turn.ok_or_else(|| refusal::field("turn_id", "names no turn"))?;
        let bill = self.bill(turn);
        let Some(level) = Thresholds::default().first(bill.amount) else {
            return Err(refusal::field("turn_id", "needs no approval"));
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
        request.set("level", Value::text(level.name()));
        request.set("amount", Value::Numeric(bill.amount.0));
        request.set("scope_digest", Value::text(bill.digest));
        request.set("requested_by", Value::Uuid(intent.viewer.user.0));
        Ok(())
    }

    /// After a request: the turn waits, its approvers see it.
    pub(super) fn follow_request(&mut self, hand: Hand, request: &Row) {
        let turn = request.row_id("turn_id").and_then(|id| self.find(Table::Turns, id)).cloned();
        let Some(turn) = turn else { return };
        let level = request.text("level").and_then(Level::from_name).unwrap_or(Level::Dfo);
        let mut waits = turn.clone();
        waits.set("scope_digest", request.get("scope_digest").clone());
        put_status(&mut waits, ApprovalStatus::Needed(level), hand);
        self.record(Some(turn.clone()), Some(waits.clone()));
        self.follow_turn(Some(&turn), &waits);
    }

    /// Checks a decision and puts the turn's status after it. `turn` has the scope digest that the approver named.
    pub(super) fn decide_approval(&self, intent: &Intent<'_>, turn: &mut Row) -> Checked {
        let level = level_of(intent)?;
        if intent.operation() == Operation::Approve && !intent.wire.data.contains_key("scope_digest") {
            return Err(refusal::field("scope_digest", "is required: say which scope you approve"));
        }
        let bill = self.bill(turn);
        let request = self.awaiting(turn.id(), level).map(|request| Request {
            is_own: request.user_id("requested_by") == Some(intent.viewer.user),
            is_current: [request.text("scope_digest"), turn.text("scope_digest")] == [Some(bill.digest.as_str()); 2],
        });
        let verdict = match intent.operation() {
            Operation::Reject => Verdict::Reject(intent.wire.metadata.reject_reason.as_deref()),
            _ => Verdict::Approve,
        };
        let status = approval::decide(intent.viewer.role, level, request, verdict, bill.amount, Thresholds::default()).map_err(refused)?;
        turn.set("scope_digest", Value::text(bill.digest));
        turn.set("approval_status", Value::text(status.name()));
        if status == ApprovalStatus::Approved {
            turn.set("approved_amount", Value::Numeric(bill.amount.0));
            turn.set("scope_approved_on", Value::Date(intent.at.date_utc()));
        }
        Ok(())
    }

    /// After a decision: the request has its answer, the next level is asked.
    pub(super) fn follow_decision(&mut self, hand: Hand, intent: &Intent<'_>, turn: &Row) {
        let request = level_of(intent).ok().and_then(|level| self.awaiting(turn.id(), level)).cloned();
        let Some(request) = request else { return };
        let verdict = if intent.operation() == Operation::Reject { "rejected" } else { "approved" };
        let mut decided = request.clone();
        decided.set("status", Value::text(verdict));
        decided.set("decided_by", Value::Uuid(hand.by.0));
        decided.set("decided_at", Value::Timestamp(hand.at));
        let reason = intent.wire.metadata.reject_reason.clone();
        decided.set("reason", reason.map_or(Value::Null, Value::text));
        touch(&mut decided, hand);
        self.record(Some(request.clone()), Some(decided));
        if turn.text("approval_status") == Some(ApprovalStatus::Needed(Level::Ho).name()) {
            let next = next_request(&request, hand, ids::asked(self.position.unsigned_abs()));
            self.record(None, Some(next));
        }
    }

    /// After a scope item was written: what was asked or approved may be void.
    pub(super) fn follow_scope_item(&mut self, hand: Hand, before: Option<&Row>, after: Option<&Row>) {
        let Some(turn) = after.or(before).and_then(|item| item.row_id("turn_id")) else {
            return;
        };
        let is_same = matches!((before, after), (Some(before), Some(after)) if AGREED.iter().all(|column| before.get(column) == after.get(column)));
        if !is_same {
            self.void_if_stale(hand, turn);
        }
    }

    /// Voids what was asked or approved for another amount or scope.
    pub(super) fn void_if_stale(&mut self, hand: Hand, turn: RowId) {
        let Some(turn) = self.find(Table::Turns, turn).cloned() else { return };
        let is_free = matches!(turn.text("approval_status"), None | Some("none"));
        if is_free || turn.text("scope_digest") == Some(self.bill(&turn).digest.as_str()) {
            return;
        }
        let requests: Vec<Row> = self.all_where(Table::Approvals, "turn_id", turn.get("id")).cloned().collect();
        for request in requests {
            if !matches!(request.text("status"), Some("pending" | "approved")) {
                continue;
            }
            let mut void = request.clone();
            void.set("status", Value::text("void"));
            touch(&mut void, hand);
            self.record(Some(request), Some(void));
        }
        let mut free = turn.clone();
        free.set("approved_amount", Value::Null);
        put_status(&mut free, ApprovalStatus::None, hand);
        self.record(Some(turn.clone()), Some(free.clone()));
        self.follow_turn(Some(&turn), &free);
    }

    fn awaiting(&self, turn: RowId, level: Level) -> Option<&Row> {
        let is_waiting = |request: &&Row| {
            let is_of_turn = request.row_id("turn_id") == Some(turn);
            is_of_turn && request.text("status") == Some("pending") && request.text("level") == Some(level.name())
        };
        self.all_of(Table::Approvals).find(is_waiting)
    }

    fn bill(&self, turn: &Row) -> Bill {
        let items: Vec<&Row> = self.all_where(Table::ScopeItems, "turn_id", turn.get("id")).collect();
        let amount = stage::amount(turn, stage::scope_total(items.iter().copied()));
        Bill {
            amount,
            digest: scope_digest(amount, &items),
        }
    }
}

fn level_of(intent: &Intent<'_>) -> Result<Level, Box<protocol::Problem>> {
    let by_role = [Level::Dfo, Level::Ho].into_iter().find(|level| level.approver() == intent.viewer.role);
    let level = intent.wire.metadata.approval_level.or(by_role);
    level.ok_or_else(|| refusal::field("approvalLevel", "is required: DFO or HO"))
}

/// `items` are in order of their ids.
fn scope_digest(amount: Cents, items: &[&Row]) -> String {
    let mut text = format!("1|{}", amount.0);
    for item in items {
        let _ = write!(text, "\n{}", item.id());
        for column in AGREED {
            let _ = write!(text, "|{:?}", item.get(column));
        }
    }
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn next_request(request: &Row, hand: Hand, id: RowId) -> Row {
    let mut next = request.clone();
    for (column, value) in [
        ("id", Value::Uuid(id.0)),
        ("version", Value::Int(1)),
        ("created_at", Value::Timestamp(hand.at)),
        ("updated_at", Value::Timestamp(hand.at)),
        ("created_by", Value::Uuid(hand.by.0)),
        ("updated_by", Value::Uuid(hand.by.0)),
        ("level", Value::text(Level::Ho.name())),
    ] {
        next.set(column, value);
    }
    next
}

fn put_status(turn: &mut Row, status: ApprovalStatus, hand: Hand) {
    turn.set("approval_status", Value::text(status.name()));
    touch(turn, hand);
}

fn touch(row: &mut Row, hand: Hand) {
    row.set("version", Value::Int(row.version() + 1));
    row.set("updated_at", Value::Timestamp(hand.at));
    row.set("updated_by", Value::Uuid(hand.by.0));
}

fn refused(refusal: DecisionRefusal) -> Box<protocol::Problem> {
    let message = refusal.to_string();
    match refusal {
        DecisionRefusal::NotYours | DecisionRefusal::OwnRequest => refusal::problem(ProblemCode::Permission, &message),
        DecisionRefusal::NothingWaits => refusal::field("approvalLevel", &message),
        DecisionRefusal::ScopeChanged => refusal::field("scope_digest", &message),
        DecisionRefusal::ReasonMissing => refusal::field("rejectReason", &message),
    }
}
