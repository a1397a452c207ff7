//! Turn stages and what each demands.
//!
//! A stage asks for facts (a vendor, an amount, a lock box) when a turn *enters* it. Going back is always
//! allowed: it is how mistakes are mended.

use crate::{Cents, Row};

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
    /// The stage is not in use any more.
    #[error("is a stage that is no longer in use")]
    Retired,
}

/// Checks what `stage` demands of a turn that moves there.
///
/// `from` is the stage it leaves, `property` the turn's property and `scope_total` the sum of its scope items.
pub fn may_enter(stage: &Row, from: Option<&Row>, turn: &Row, property: Option<&Row>, scope_total: Cents) -> Result<(), StageDemand> {
    let goes_back = from.is_some_and(|from| from.int("sequence") > stage.int("sequence"));
    if goes_back {
        return Ok(());
    }
    let has_amount = scope_total > Cents(0) || turn.cents("estimated_amount").is_some_and(|amount| amount > Cents(0));
    let has_lock_box = property.is_none_or(|property| property.text("lock_box_code").is_some_and(|code| !code.is_empty()));
    let demands = [
        (!stage.flag("is_active"), StageDemand::Retired),
        (stage.flag("requires_vendor") && turn.get("vendor_id").is_null(), StageDemand::Vendor),
        (stage.flag("requires_amount") && !has_amount, StageDemand::Amount),
        (stage.flag("requires_lock_box") && !has_lock_box, StageDemand::LockBox),
    ];
    demands.into_iter().find(|(lacks, _)| *lacks).map_or(Ok(()), |(_, demand)| Err(demand))
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
        may_enter(&stage(5, flags), Some(&stage(4, &[])), &turn, Some(&property), Cents(scope_cents))
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
        let back = may_enter(&stage(3, &["requires_vendor"]), Some(&stage(6, &[])), &turn, None, Cents(0));
        assert_eq!(back, Ok(()));
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
