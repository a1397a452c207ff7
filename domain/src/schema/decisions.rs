//! Columns that say something only together.
//!
//! Column by column, two people may each change one half of a decision, and the merge would make a whole that nobody ever
//! saw: my vendor at their price, my quantity at their cost, my code for their lock box. So whoever changes one of these
//! columns decides about all of them, and is asked when somebody else has changed another.
//!
//! **Invariant:** every column of a decision is [`MergePolicy::AskUser`](super::MergePolicy::AskUser), and belongs to one decision.

use super::{MergePolicy, Table};
use crate::{Operation, Role, Row};
use std::fmt::Write;

/// A vendor is taken for an amount, and an amount is that vendor's.
const WORK: &[&str] = &["vendor_id", "estimated_amount", "change_order_amount", "actual_amount"];
/// What a line of the scope costs is their product.
const COST: &[&str] = &["quantity", "unit", "unit_cost"];
/// A code opens the box that hangs there.
const LOCK_BOX: &[&str] = &["lock_box_code", "lock_box_location", "lock_box_installed_on"];

impl Table {
    /// The table's decisions: columns that belong together.
    pub const fn decisions(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Turns => &[WORK],
            Self::ScopeItems => &[COST],
            Self::Properties => &[LOCK_BOX],
            Self::TurnStages | Self::PropertyTypes | Self::Vendors | Self::Approvals | Self::Documents | Self::Notifications => &[],
        }
    }

    /// Whether somebody may delete rows of this table and somebody make them, so that a deleted one can be made again.
    pub fn can_be_made_again(self) -> bool {
        let somebody_may = |operation| Role::ALL.iter().any(|role| role.may(operation, self));
        somebody_may(Operation::Create) && somebody_may(Operation::Delete)
    }
}

/// The columns that belong to a decision with a given one, and are not given themselves.
pub fn decided_with(table: Table, is_given: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let decided = table.decisions().iter().filter(|decision| decision.iter().any(|name| is_given(name)));
    decided.flat_map(|decision| decision.iter().copied()).filter(|name| !is_given(name)).collect()
}

/// What a stage change rests on beside the stage: the vendor, where the turn enters or leaves a stage that asks for one.
///
/// Whoever says “the work begins” means that vendor's work. Amount and approval are not among it: the server holds every
/// stage change against them when it arrives.
pub fn stage_change_rests_on(from: Option<&Row>, to: Option<&Row>) -> &'static [&'static str] {
    let asks_for_vendor = |stage: Option<&Row>| stage.is_some_and(|stage| stage.flag("requires_vendor"));
    if asks_for_vendor(from) || asks_for_vendor(to) { &["vendor_id"] } else { &[] }
}

/// The page: what happens to each column when two people change it, as Markdown.
pub fn page() -> String {
    let mut page = String::from("| table | column | strategy | decided together with |\n|---|---|---|---|");
    for table in Table::ALL {
        for column in table.columns().iter().filter(|column| column.is_changed_by_people()) {
            let decision = table.decisions().iter().find(|decision| decision.contains(&column.name));
            let others: Vec<_> = decision
                .iter()
                .flat_map(|names| names.iter())
                .filter(|name| **name != column.name)
                .copied()
                .collect();
            let _ = write!(
                page,
                "\n| {} | {} | {} | {} |",
                table.sql_name(),
                column.name,
                column.policy.in_words(),
                others.join(", ")
            );
        }
    }
    page.push('\n');
    page
}

impl MergePolicy {
    const fn in_words(self) -> &'static str {
        match self {
            Self::FieldMerge => "field merge",
            Self::LastWriteWins => "last write wins",
            Self::AskUser => "ask the user",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    #[test]
    fn the_columns_of_a_decision_are_their_authors_and_always_asked_about() {
        for table in Table::ALL {
            let mut known = vec![];
            for name in table.decisions().iter().copied().flatten() {
                let column = table.column(name).unwrap_or_else(|| panic!("{table:?}.{name}"));
                assert!(column.is_changed_by_people() && column.policy == MergePolicy::AskUser, "{table:?}.{name}");
                assert!(!known.contains(name), "{table:?}.{name} belongs to two decisions");
                known.push(name);
            }
        }
    }

    #[test]
    fn a_stage_change_rests_on_the_vendor_where_a_stage_asks_for_one() {
        let mut asks = Row::blank(Table::TurnStages);
        asks.set("requires_vendor", Value::Bool(true));
        let plain = Row::blank(Table::TurnStages);
        assert_eq!(stage_change_rests_on(Some(&plain), Some(&asks)), ["vendor_id"]);
        assert_eq!(stage_change_rests_on(Some(&asks), Some(&plain)), ["vendor_id"]);
        assert!(stage_change_rests_on(Some(&plain), None).is_empty());
    }

    #[test]
    fn only_what_somebody_may_delete_and_somebody_make_is_made_again() {
        let again: Vec<_> = Table::ALL.into_iter().filter(|table| table.can_be_made_again()).collect();
        assert_eq!(again, [Table::Vendors, Table::Properties, Table::ScopeItems, Table::Documents]);
    }

    /// Money, vendor, stage, approval, codes are asked about; ticks, places in a list and what was read are not worth a
    /// question; everything else merges unless both changed it.
    #[test]
    fn the_page_says_what_the_tables_say() {
        let written = include_str!("../../../docs/conflicts.md").replace('\r', "");
        assert!(
            written.contains(&page()),
            "docs/conflicts.md does not say what the tables say; its table must be:\n{}",
            page()
        );
    }
}
