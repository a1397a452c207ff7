//! May this write be, and what row results? In the order of the server's `write/decide`.
//!
//! **Invariant:** it only reads.

use super::{
    Office, refusal,
    write::{Decided, Intent},
};
use domain::{Cents, Mutation, Operation, Role, Row, RowId, Table, UserId, Value, approval::Thresholds, mutation, mutation::Facts, stage};
use protocol::{Problem, ProblemCode};
use std::collections::BTreeMap;

pub(super) type Checked = Result<(), Box<Problem>>;

impl Office {
    pub(super) fn decision(&self, intent: &Intent<'_>) -> Decided {
        let (table, operation) = (intent.table, intent.operation());
        let expected = self.expected_version(intent.viewer.user, intent)?;
        if !intent.viewer.role.may(operation, table) {
            return Err(refusal::problem(ProblemCode::Permission, "your role may not do this"));
        }
        let current = self.find(table, intent.row_id);
        require_row(intent, current)?;
        require_columns(intent)?;
        let mutation = Mutation::read(table, intent.row_id, operation, &intent.wire.data).map_err(refusal::by_rule)?;
        let facts = self.facts(intent, &mutation, current);
        mutation::check(&mutation, facts).map_err(refusal::by_rule)?;
        require_version(intent, expected, current)?;
        let mut after = mutation.apply(facts, intent.viewer.user, intent.at);
        match &mut after {
            Some(after) => {
                self.complete(intent, current, after)?;
                self.require_free(intent, current, after)?;
            }
            None => self.require_deletable(intent)?,
        }
        Ok((current.cloned(), after))
    }

    /// The greater of what the write says and what its ancestors made, as far as these were made on what this one's author saw.
    pub(super) fn expected_version(&self, whose: UserId, intent: &Intent<'_>) -> Result<Option<i64>, Box<Problem>> {
        let mut latest = None;
        for ancestor in &intent.wire.after {
            let receipt = self.receipts.get(ancestor).filter(|receipt| receipt.author == whose);
            let receipt = receipt.ok_or_else(|| refusal::problem(ProblemCode::Blocked, "an earlier write has not been applied"))?;
            if (receipt.table, receipt.row_id) != (intent.table, intent.row_id) {
                continue;
            }
            if receipt.base_version > intent.wire.version {
                return Ok(Some(intent.wire.version.unwrap_or(0)));
            }
            latest = latest.max(receipt.version);
        }
        Ok(latest.max(intent.wire.version))
    }

    fn facts<'a>(&'a self, intent: &Intent<'_>, mutation: &Mutation, current: Option<&'a Row>) -> Facts<'a> {
        let value = |column| match current {
            Some(row) => Some(row.get(column)),
            None => mutation.value(column),
        };
        // A new row's parent must be one that its author sees; an old row's parent is simply the one it has.
        let parent = mutation.table.parent(value).and_then(|(table, id)| self.find(table, id));
        let mut facts = Facts {
            current,
            parent: parent.filter(|row| current.is_some() || intent.sees(row)),
            ..Facts::default()
        };
        let stage = |id: RowId| self.find(Table::TurnStages, id);
        match (mutation.table, mutation.operation) {
            (Table::Turns, Operation::Create) => facts.to_stage = self.all_where(Table::TurnStages, "is_default", &Value::Bool(true)).next(),
            (Table::Turns, Operation::StageChange) => {
                facts.thresholds = Some(Thresholds::default());
                facts.to_stage = match mutation.value("stage_id") {
                    Some(Value::Uuid(id)) => stage(RowId(*id)),
                    _ => None,
                };
                facts.from_stage = current.and_then(|turn| turn.row_id("stage_id")).and_then(stage);
                facts.scope_total = current.map_or(Cents(0), |turn| {
                    stage::scope_total(self.all_where(Table::ScopeItems, "turn_id", turn.get("id")))
                });
            }
            _ => {}
        }
        facts
    }

    /// What only the server can fill in or check.
    fn complete(&self, intent: &Intent<'_>, before: Option<&Row>, after: &mut Row) -> Checked {
        match (after.table(), intent.operation()) {
            (Table::Properties, operation) => {
                if operation == Operation::Create {
                    keep_for_author(intent, after);
                }
                require_sight(intent, after)?;
                self.require_consistent_property(before, after)
            }
            (Table::Turns, Operation::Approve | Operation::Reject) => self.decide_approval(intent, after),
            (Table::Turns, _) => {
                require_sight(intent, after)?;
                self.require_consistent_turn(before, after)?;
                if intent.operation() == Operation::Create {
                    after.set(
                        "turn_number",
                        Value::text(format!("TURN-{}-{:05}", intent.at.date_utc().year(), self.turns_numbered + 1)),
                    );
                }
                Ok(())
            }
            (Table::Approvals, _) => self.ask(intent, after),
            (Table::Documents, _) => {
                require_sight(intent, after)?;
                require_sound(after)
            }
            (Table::ScopeItems | Table::Vendors | Table::Notifications, _) => require_sight(intent, after),
            // Reference data is not part of what is played here.
            _ => Err(refusal::problem(ProblemCode::Permission, "not in this office")),
        }
    }

    fn require_consistent_property(&self, before: Option<&Row>, after: &Row) -> Checked {
        let changed = |column: &str| before.is_none_or(|before| before.get(column) != after.get(column));
        let kind = after.row_id("property_type_id").filter(|_| changed("property_type_id"));
        if kind.is_some_and(|kind| self.find(Table::PropertyTypes, kind).is_none()) {
            return Err(refusal::field("property_type_id", "names no type of property"));
        }
        for column in ["property_manager_id", "sr_property_manager_id"] {
            let manager = after.user_id(column).filter(|_| changed(column));
            if manager.is_some_and(|manager| !self.role(manager).is_some_and(|role| role.may(Operation::Update, Table::Properties))) {
                return Err(refusal::field(column, "names nobody who manages properties"));
            }
        }
        Ok(())
    }

    /// Refuses a row whose natural key is another one's (the server's `write/natural_key`).
    fn require_free(&self, intent: &Intent<'_>, before: Option<&Row>, after: &Row) -> Checked {
        let held = after.natural_key();
        let is_new = before.is_none_or(|before| before.natural_key() != held);
        let Some(first) = after.table().natural_key().first().filter(|_| held.is_some() && is_new) else {
            return Ok(());
        };
        let mut namesakes = self.all_where(after.table(), first, after.get(first));
        match namesakes.find(|other| after.shares_natural_key(other)) {
            None => Ok(()),
            Some(other) if intent.operation() == Operation::Create => Err(refusal::made_before(intent, after.table().natural_key(), other)),
            Some(_) => Err(refusal::field(first, "is already another one’s")),
        }
    }

    fn require_consistent_turn(&self, before: Option<&Row>, after: &Row) -> Checked {
        let changed = |column: &str| before.is_none_or(|before| before.get(column) != after.get(column));
        for column in ["vendor_id", "flooring_vendor_id"] {
            let Some(vendor) = after.row_id(column).filter(|_| changed(column)) else {
                continue;
            };
            let vendor = self.find(Table::Vendors, vendor);
            if !vendor.is_some_and(|vendor| vendor.flag("is_approved") && vendor.flag("is_active")) {
                return Err(refusal::field(column, "names no approved and active vendor"));
            }
        }
        match after.user_id("superintendent_id").filter(|_| changed("superintendent_id")) {
            Some(user) if self.role(user).is_none() => Err(refusal::field("superintendent_id", "names nobody who works here")),
            _ => Ok(()),
        }
    }

    fn require_deletable(&self, intent: &Intent<'_>) -> Checked {
        let id = Value::Uuid(intent.row_id.0);
        let has_turns = |column| self.all_where(Table::Turns, column, &id).next().is_some();
        match intent.table {
            Table::Properties if has_turns("property_id") => Err(refusal::problem(ProblemCode::Validation, "this property has turns")),
            Table::Vendors if has_turns("vendor_id") || has_turns("flooring_vendor_id") => {
                Err(refusal::problem(ProblemCode::Validation, "this vendor has worked on turns"))
            }
            _ => Ok(()),
        }
    }

    fn role(&self, user: UserId) -> Option<Role> {
        self.people.iter().find(|person| person.id == user).map(|person| person.role)
    }
}

fn require_sight(intent: &Intent<'_>, row: &Row) -> Checked {
    if intent.sees(row) {
        return Ok(());
    }
    Err(refusal::problem(ProblemCode::Permission, "this is not one of yours"))
}

fn require_row(intent: &Intent<'_>, current: Option<&Row>) -> Checked {
    match (intent.operation(), current) {
        (Operation::Create, None) => Ok(()),
        (Operation::Create, Some(row)) => {
            require_sight(intent, row)?;
            Err(refusal::conflict(intent, None, row))
        }
        // What was decided has left its approver's sight.
        (Operation::Approve | Operation::Reject, Some(_)) => Ok(()),
        (_, Some(row)) => {
            require_sight(intent, row)?;
            if intent.viewer.may_touch(intent.operation(), row) {
                return Ok(());
            }
            Err(refusal::problem(ProblemCode::Permission, "this is somebody else’s to change"))
        }
        (_, None) => Err(refusal::problem(ProblemCode::NotFound, "this is not there any more")),
    }
}

/// The server's `write/documents`.
fn require_sound(document: &Row) -> Checked {
    let hash = document.text("content_hash").unwrap_or_default();
    if hash.len() != 64 || !hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(refusal::field("content_hash", "must be a SHA-256 digest in lower-case hexadecimal"));
    }
    let kinds = ["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "application/pdf"];
    if !kinds.contains(&document.text("content_type").unwrap_or_default()) {
        return Err(refusal::field("content_type", "must be another"));
    }
    if document.int("size_bytes").is_none_or(|bytes| bytes == 0) {
        return Err(refusal::field("size_bytes", "must be more than nothing"));
    }
    Ok(())
}

fn require_columns(intent: &Intent<'_>) -> Checked {
    let is_foreign = |column: &&String| intent.table.column(column).is_some() && *column != "id" && !intent.viewer.may_set(intent.table, column);
    let foreign: BTreeMap<String, String> = intent
        .wire
        .data
        .keys()
        .filter(is_foreign)
        .map(|column| (column.clone(), "is not for your role to set".to_owned()))
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    Err(Box::new(Problem {
        fields: foreign,
        ..Problem::new(ProblemCode::Permission, "some of these values are not for your role to set")
    }))
}

fn require_version(intent: &Intent<'_>, expected: Option<i64>, current: Option<&Row>) -> Checked {
    let Some(current) = current.filter(|_| intent.operation() != Operation::Create) else {
        return Ok(());
    };
    match expected {
        Some(version) if version == current.version() => Ok(()),
        Some(version) => Err(refusal::conflict(intent, Some(version), current)),
        // A decision is bound to the scope that it names.
        None if matches!(intent.operation(), Operation::Approve | Operation::Reject) => Ok(()),
        None => Err(refusal::field("version", "is required: say which version you changed")),
    }
}

/// A manager who makes a property and names nobody keeps it.
fn keep_for_author(intent: &Intent<'_>, property: &mut Row) {
    for (column, value) in intent.viewer.sees(Table::Properties).alternatives().iter().flatten() {
        if property.get(column).is_null() {
            property.set(column, value.clone());
        }
    }
}
