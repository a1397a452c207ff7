//! Turn stages and what each demands.
//!
//! A stage asks for facts (a vendor, an amount, a lock box) when a turn *enters* it, and for the approval of much money when
//! the turn goes *on* from it or is finished. Going back is always allowed: it is how mistakes are mended.

use crate::{
    Cents, Row,
    approval::{Level, Thresholds},
};

/// A stage as the seed makes it; later ones are rows that administrators keep.
#[derive(Clone, Copy, Debug)]
pub struct StageSeed {
    /// Stable name in code and reports.
    pub key: &'static str,
    /// Name on the screen.
    pub name: &'static str,
    /// Column colour, a CSS hex value.
    pub color: &'static str,
    /// The boolean columns that are true.
    pub flags: &'static [&'static str],
}

/// The stages that a new installation starts with, in order.
pub const DEFAULT_STAGES: [StageSeed; 9] = [
    StageSeed {
        key: "draft",
        name: "Draft",
        color: "#8a8f98",
        flags: &["is_default"],
    },
    StageSeed {
        key: "secure_property",
        name: "Secure Property",
        color: "#b7791f",
        flags: &["requires_lock_box"],
    },
    StageSeed {
        key: "inspection",
        name: "Inspection",
        color: "#2b6cb0",
        flags: &[],
    },
    StageSeed {
        key: "scope_review",
        name: "Scope Review",
        color: "#6b46c1",
        flags: &["requires_amount", "requires_approval"],
    },
    StageSeed {
        key: "vendor_assigned",
        name: "Vendor Assigned",
        color: "#0e7490",
        flags: &["requires_vendor"],
    },
    StageSeed {
        key: "in_progress",
        name: "In Progress",
        color: "#1d4ed8",
        flags: &[],
    },
    StageSeed {
        key: "change_order",
        name: "Change Order",
        color: "#c2410c",
        flags: &["requires_approval"],
    },
    StageSeed {
        key: "turns_complete",
        name: "Turns Complete",
        color: "#15803d",
        flags: &["is_final"],
    },
    StageSeed {
        key: "scan_360",
        name: "Scan 360",
        color: "#4d7c0f",
        flags: &[],
    },
];

/// What a turn lacks for the stage that it should move to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StageDemand {
    /// No vendor is assigned.
    #[error("needs a vendor")]
    Vendor,
    /// The scope is empty and no amount is estimated.
    #[error("needs an amount: add scope items or an estimate")]
    Amount,
    /// The property has no lock-box code.
    #[error("needs a lock-box code on the property")]
    LockBox,
    /// The amount is more than a manager may spend, and nobody has approved it as it stands.
    #[error("needs the approval of {} for this amount", .0.name())]
    Approval(Level),
    /// The stage is not in use any more.
    #[error("is a stage that is no longer in use")]
    Retired,
}

/// A turn's move from one stage to another, with what the rules ask about.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The stage that it leaves.
    pub from: Option<&'a Row>,
    /// The stage that it enters.
    pub to: &'a Row,
    /// The turn.
    pub turn: &'a Row,
    /// Its property, where it is known.
    pub property: Option<&'a Row>,
    /// The sum of its scope items.
    pub scope_total: Cents,
    /// From which amount somebody must approve; `None` where it is not known.
    pub thresholds: Option<Thresholds>,
}

impl Step<'_> {
    /// Asks what the new stage demands, and the approval that the old one or a final one waits for.
    pub fn check(&self) -> Result<(), StageDemand> {
        if self.goes_back() {
            return Ok(());
        }
        let lacks_amount = amount(self.turn, self.scope_total) == Cents(0);
        let lacks_lock_box = self.property.is_some_and(|property| property.text("lock_box_code").is_none_or(str::is_empty));
        let demands = [
            (!self.to.flag("is_active"), StageDemand::Retired),
            (self.to.flag("requires_vendor") && self.turn.get("vendor_id").is_null(), StageDemand::Vendor),
            (self.to.flag("requires_amount") && lacks_amount, StageDemand::Amount),
            (self.to.flag("requires_lock_box") && lacks_lock_box, StageDemand::LockBox),
        ];
        let first = demands.into_iter().find(|(lacks, _)| *lacks).map(|(_, demand)| demand);
        first.or_else(|| self.missing_approval()).map_or(Ok(()), Err)
    }

    fn goes_back(&self) -> bool {
        self.from.is_some_and(|from| from.int("sequence") > self.to.int("sequence"))
    }

    fn missing_approval(&self) -> Option<StageDemand> {
        let is_asked = self.from.is_some_and(|from| from.flag("requires_approval")) || self.to.flag("is_final");
        let is_approved = self.turn.text("approval_status") == Some("approved");
        let level = self.thresholds?.highest(amount(self.turn, self.scope_total))?;
        (is_asked && !is_approved).then_some(StageDemand::Approval(level))
    }
}

/// What a turn costs as far as it is known: its scope, and before there is one the estimate.
pub fn amount(turn: &Row, scope_total: Cents) -> Cents {
    if scope_total > Cents(0) {
        scope_total
    } else {
        turn.cents("estimated_amount").unwrap_or_default()
    }
}

/// The sum of scope items: quantity × unit cost of each.
pub fn scope_total<'a>(items: impl IntoIterator<Item = &'a Row>) -> Cents {
    items.into_iter().map(scope_item_cost).sum()
}

/// One scope item's cost.
pub fn scope_item_cost(item: &Row) -> Cents {
    item.cents("unit_cost")
        .unwrap_or_default()
        .times_hundredths(item.unscaled("quantity").unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Table, Value};

    fn stage(sequence: i64, flags: &[&str]) -> Row {
        let mut row = Row::blank(Table::TurnStages);
        row.set("sequence", Value::Int(sequence));
        row.set("is_active", Value::Bool(true));
        for flag in flags {
            row.set(flag, Value::Bool(true));
        }
        row
    }

    fn check(flags: &[&str], set: impl Fn(&mut Row, &mut Row), scope_cents: i64) -> Result<(), StageDemand> {
        let (mut turn, mut property) = (Row::blank(Table::Turns), Row::blank(Table::Properties));
        set(&mut turn, &mut property);
        step(&stage(4, &[]), &stage(5, flags), &turn, Some(&property), scope_cents).check()
    }

    fn step<'a>(from: &'a Row, to: &'a Row, turn: &'a Row, property: Option<&'a Row>, scope_cents: i64) -> Step<'a> {
        Step {
            from: Some(from),
            to,
            turn,
            property,
            scope_total: Cents(scope_cents),
            thresholds: Some(Thresholds::default()),
        }
    }

    #[test]
    fn a_stage_asks_for_what_it_demands() {
        let nothing = |_: &mut Row, _: &mut Row| {};
        assert_eq!(check(&[], nothing, 0), Ok(()));
        assert_eq!(check(&["requires_vendor"], nothing, 0), Err(StageDemand::Vendor));
        assert_eq!(check(&["requires_amount"], nothing, 0), Err(StageDemand::Amount));
        assert_eq!(check(&["requires_amount"], nothing, 1), Ok(()));
        assert_eq!(check(&["requires_lock_box"], nothing, 0), Err(StageDemand::LockBox));
        assert_eq!(
            check(
                &["requires_lock_box"],
                |_, property| {
                    property.set("lock_box_code", Value::text("4711"));
                },
                0
            ),
            Ok(())
        );
        assert_eq!(
            check(
                &["requires_vendor"],
                |turn, _| {
                    turn.set("vendor_id", Value::Uuid(uuid::Uuid::from_u128(1)));
                },
                0
            ),
            Ok(())
        );
    }

    #[test]
    fn going_back_is_always_allowed() {
        let turn = Row::blank(Table::Turns);
        let back = step(&stage(6, &["requires_approval"]), &stage(3, &["requires_vendor"]), &turn, None, 500_000).check();
        assert_eq!(back, Ok(()));
    }

    #[test]
    fn much_money_waits_for_its_approval() {
        let mut turn = Row::blank(Table::Turns);
        let (review, next, done) = (stage(4, &["requires_approval"]), stage(5, &[]), stage(8, &["is_final"]));
        assert_eq!(step(&review, &next, &turn, None, 299_999).check(), Ok(()));
        assert_eq!(step(&review, &next, &turn, None, 300_000).check(), Err(StageDemand::Approval(Level::Dfo)));
        assert_eq!(step(&next, &done, &turn, None, 1_000_000).check(), Err(StageDemand::Approval(Level::Ho)));
        assert_eq!(step(&next, &stage(6, &[]), &turn, None, 1_000_000).check(), Ok(()));
        let unknown = Step {
            thresholds: None,
            ..step(&review, &next, &turn, None, 300_000)
        };
        assert_eq!(unknown.check(), Ok(()));
        turn.set("approval_status", Value::text("approved"));
        assert_eq!(step(&review, &done, &turn, None, 1_000_000).check(), Ok(()));
    }

    #[test]
    fn a_scope_adds_up() {
        let item = |quantity, unit_cost| {
            let mut row = Row::blank(Table::ScopeItems);
            row.set("quantity", Value::Numeric(quantity));
            row.set("unit_cost", Value::Numeric(unit_cost));
            row
        };
        assert_eq!(scope_total(&[item(250, 1_000), item(100, 99)]), Cents(2_599));
    }
}
