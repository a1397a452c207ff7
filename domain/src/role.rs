//! Who may see and do what. The server decides with this; the device predicts with it.
//!
//! A [`Role`] is what a person is in the company, a [`Viewer`] the person; [`RowFilter`] says which rows of a table the
//! person sees, [`Viewer::hidden`] which columns of these not.

use crate::{Operation, Row, RowId, Table, UserId, Value};
use serde::{Deserialize, Serialize};

mod filter;

pub use filter::RowFilter;

/// What a person is in the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Role {
    SuperAdmin,
    Admin,
    SrPropertyManager,
    PropertyManager,
    Inspector,
    Vendor,
    DfoApprover,
    HoApprover,
}

/// One person, as far as it decides what they see and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The account.
    pub user: UserId,
    /// Its role.
    pub role: Role,
    /// The company that a vendor's account belongs to.
    pub vendor: Option<RowId>,
}

/// The columns that say who sees a row; a row takes them from the row it belongs to.
pub const VISIBILITY: [&str; 7] = [
    "is_active",
    "property_manager_id",
    "sr_property_manager_id",
    "vendor_id",
    "flooring_vendor_id",
    "superintendent_id",
    "approval_status",
];

const MONEY_OF_TURNS: &[&str] = &[
    "estimated_amount",
    "approved_amount",
    "change_order_amount",
    "actual_amount",
    "approval_status",
    "scope_digest",
];

impl Role {
    /// Every role.
    pub const ALL: [Self; 8] = [
        Self::SuperAdmin,
        Self::Admin,
        Self::SrPropertyManager,
        Self::PropertyManager,
        Self::Inspector,
        Self::Vendor,
        Self::DfoApprover,
        Self::HoApprover,
    ];

    /// As stored and as it travels: `PROPERTY_MANAGER`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SuperAdmin => "SUPER_ADMIN",
            Self::Admin => "ADMIN",
            Self::SrPropertyManager => "SR_PROPERTY_MANAGER",
            Self::PropertyManager => "PROPERTY_MANAGER",
            Self::Inspector => "INSPECTOR",
            Self::Vendor => "VENDOR",
            Self::DfoApprover => "DFO_APPROVER",
            Self::HoApprover => "HO_APPROVER",
        }
    }

    /// Finds a role by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether the role sees and keeps everything.
    pub const fn is_admin(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Admin)
    }

    /// Whether the role looks after homes: its own, its team's or all.
    pub const fn manages(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Admin | Self::SrPropertyManager | Self::PropertyManager)
    }

    /// Whether the role decides what becomes of the writes of people who have lost sight of the row.
    pub const fn supervises(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Admin | Self::SrPropertyManager)
    }

    /// Whether this role may do `operation` on rows of `table` that it sees.
    ///
    /// Approvals are made by asking (`create`) and decided on the turn (`approve`, `reject`); a file's words may be mended
    /// by whoever sees it and may add one, see [`Viewer::may_touch`].
    pub const fn may(self, operation: Operation, table: Table) -> bool {
        use Operation::{Approve, Create, Delete, Reject, StageChange, Update};
        let walks = self.manages() || matches!(self, Self::Inspector);
        match (table, operation) {
            (Table::TurnStages | Table::PropertyTypes, Create | Update) => self.is_admin(),
            (Table::Vendors, Create | Update | Delete) => self.is_admin(),
            (Table::Properties, Create | Update) => self.manages(),
            (Table::Properties, Delete) => self.is_admin(),
            (Table::Turns, Create) => self.manages(),
            (Table::Turns, Update | StageChange) => walks,
            (Table::Turns, Approve | Reject) => matches!(self, Self::SuperAdmin | Self::DfoApprover | Self::HoApprover),
            (Table::ScopeItems, Create | Delete) => walks,
            (Table::ScopeItems, Update) => walks || matches!(self, Self::Vendor),
            (Table::Approvals, Create) => self.manages(),
            (Table::Documents, Create | Update | Delete) => walks || matches!(self, Self::Vendor),
            (Table::Notifications, Update | Delete) => true,
            _ => false,
        }
    }
}

impl Viewer {
    /// The rows of `table` that this person sees.
    pub fn sees(&self, table: Table) -> RowFilter {
        let me = Value::Uuid(self.user.0);
        match table {
            Table::TurnStages | Table::PropertyTypes => RowFilter::everything(),
            Table::Notifications => RowFilter::all_of([("user_id", me)]),
            Table::Vendors => self.sees_vendors(),
            Table::Approvals => self.sees_approvals(),
            Table::Properties => self.sees_by_work(),
            // Ten-year-old turns stay off the tablet: they are a search and a report away.
            Table::Turns | Table::ScopeItems | Table::Documents => self.sees_by_work().and(("is_active", Value::Bool(true))),
        }
    }

    /// The shapes that this person's device subscribes to, parents first.
    pub fn shapes(&self) -> Vec<Table> {
        Table::ALL.into_iter().filter(|table| self.sees(*table) != RowFilter::nothing()).collect()
    }

    /// The columns of `table` that this person does not see, even in rows that they see.
    pub const fn hidden(&self, table: Table) -> &'static [&'static str] {
        let role = self.role;
        match table {
            Table::Vendors if !role.is_admin() => &["tax_id"],
            // A code opens a home: only those who work there see it.
            Table::Properties if matches!(role, Role::DfoApprover | Role::HoApprover) => &["lock_box_code"],
            Table::Properties if matches!(role, Role::Vendor) => &["monthly_rent", "notes", "approval_status"],
            Table::Properties if matches!(role, Role::Inspector) => &["monthly_rent"],
            Table::Turns if matches!(role, Role::Vendor) => MONEY_OF_TURNS,
            Table::ScopeItems if matches!(role, Role::Vendor) => &["unit_cost", "approval_status"],
            Table::Documents if matches!(role, Role::Vendor) => &["approval_status"],
            _ => &[],
        }
    }

    /// Whether this person may give `column` a value, in a row that they may update.
    pub fn may_set(&self, table: Table, column: &str) -> bool {
        let is_decision = matches!(
            column,
            "vendor_id" | "flooring_vendor_id" | "superintendent_id" | "change_order_amount" | "actual_amount"
        );
        match (self.role, table) {
            (Role::Vendor, Table::ScopeItems) => column == "is_done",
            (Role::Inspector, Table::Turns) => !is_decision,
            _ => !self.hidden(table).contains(&column),
        }
    }

    /// Whether this person may do `operation` to this very row, which they see.
    pub fn may_touch(&self, operation: Operation, row: &Row) -> bool {
        let changes = matches!(operation, Operation::Update | Operation::Delete);
        match row.table() {
            // Whoever took a photo may mend or remove it; so may those who look after the home.
            Table::Documents if changes => self.role.manages() || row.user_id("created_by") == Some(self.user),
            _ => true,
        }
    }

    fn sees_by_work(&self) -> RowFilter {
        let me = Value::Uuid(self.user.0);
        match self.role {
            Role::SuperAdmin | Role::Admin => RowFilter::everything(),
            Role::SrPropertyManager => RowFilter::all_of([("sr_property_manager_id", me)]),
            Role::PropertyManager => RowFilter::all_of([("property_manager_id", me)]),
            Role::Inspector => RowFilter::all_of([("superintendent_id", me)]),
            Role::Vendor => self.vendor.map_or_else(RowFilter::nothing, |vendor| {
                RowFilter::any_of(["vendor_id", "flooring_vendor_id"].map(|column| vec![(column, Value::Uuid(vendor.0))]))
            }),
            Role::DfoApprover => RowFilter::all_of([("approval_status", Value::text("dfo_needed"))]),
            Role::HoApprover => RowFilter::all_of([("approval_status", Value::text("ho_needed"))]),
        }
    }

    fn sees_vendors(&self) -> RowFilter {
        match (self.role, self.vendor) {
            (Role::SuperAdmin | Role::Admin, _) => RowFilter::everything(),
            (Role::Vendor, Some(vendor)) => RowFilter::all_of([("id", Value::Uuid(vendor.0))]),
            (Role::Vendor, None) => RowFilter::nothing(),
            _ => RowFilter::all_of([("is_approved", Value::Bool(true)), ("is_active", Value::Bool(true))]),
        }
    }

    /// Managers see what they asked for, approvers what awaits them and what they decided.
    fn sees_approvals(&self) -> RowFilter {
        let awaits = |level| vec![("level", Value::text(level)), ("status", Value::text("pending"))];
        let decided = vec![("decided_by", Value::Uuid(self.user.0))];
        let mine = match self.role {
            Role::Inspector | Role::Vendor => return RowFilter::nothing(),
            Role::DfoApprover => RowFilter::any_of([awaits("DFO"), decided]),
            Role::HoApprover => RowFilter::any_of([awaits("HO"), decided]),
            _ => self.sees_by_work(),
        };
        mine.and(("is_active", Value::Bool(true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn viewer(role: Role, user: u128) -> Viewer {
        Viewer {
            user: UserId(Uuid::from_u128(user)),
            role,
            vendor: Some(RowId(Uuid::from_u128(70))),
        }
    }

    fn turn(columns: &[(&str, Value)]) -> Row {
        let mut row = Row::blank(Table::Turns);
        row.set("is_active", Value::Bool(true));
        for (column, value) in columns {
            assert!(row.set(column, value.clone()), "{column}");
        }
        row
    }

    #[test]
    fn people_see_their_own_active_turns_and_admins_all_active_ones() {
        let id = |n: u128| Value::Uuid(Uuid::from_u128(n));
        for (role, mine, theirs) in [
            (Role::PropertyManager, ("property_manager_id", id(1)), ("property_manager_id", id(2))),
            (Role::SrPropertyManager, ("sr_property_manager_id", id(1)), ("property_manager_id", id(1))),
            (Role::Inspector, ("superintendent_id", id(1)), ("superintendent_id", id(2))),
            (Role::Vendor, ("flooring_vendor_id", id(70)), ("vendor_id", id(71))),
            (
                Role::DfoApprover,
                ("approval_status", Value::text("dfo_needed")),
                ("approval_status", Value::text("ho_needed")),
            ),
            (
                Role::HoApprover,
                ("approval_status", Value::text("ho_needed")),
                ("approval_status", Value::text("approved")),
            ),
        ] {
            let sees = viewer(role, 1).sees(Table::Turns);
            assert!(sees.admits(&turn(std::slice::from_ref(&mine))), "{role:?}");
            assert!(!sees.admits(&turn(std::slice::from_ref(&theirs))), "{role:?}");
            assert!(!sees.admits(&turn(&[mine, ("is_active", Value::Bool(false))])), "{role:?}");
            assert!(viewer(Role::Admin, 9).sees(Table::Turns).admits(&turn(&[theirs])));
        }
    }

    #[test]
    fn a_vendors_account_without_a_vendor_sees_no_work() {
        let nobody = Viewer {
            vendor: None,
            ..viewer(Role::Vendor, 1)
        };
        for table in [Table::Properties, Table::Turns, Table::ScopeItems, Table::Documents, Table::Vendors] {
            assert_eq!(nobody.sees(table), RowFilter::nothing(), "{table:?}");
        }
    }

    #[test]
    fn hidden_columns_exist_and_cannot_be_set() {
        for role in Role::ALL {
            for table in Table::ALL {
                for column in viewer(role, 1).hidden(table) {
                    assert!(table.column(column).is_some(), "{table:?}.{column}");
                    assert!(!viewer(role, 1).may_set(table, column), "{role:?} {table:?}.{column}");
                }
            }
        }
    }

    #[test]
    fn every_filter_names_columns_of_its_table() {
        for role in Role::ALL {
            for table in Table::ALL {
                for (column, _) in viewer(role, 1).sees(table).alternatives().iter().flatten() {
                    assert!(table.column(column).is_some(), "{table:?}.{column}");
                }
            }
        }
    }

    #[test]
    fn roles_travel_by_name() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
    }

    #[test]
    fn only_administrators_keep_reference_data_and_nobody_writes_a_decision_as_a_row() {
        for role in Role::ALL {
            for operation in Operation::ALL {
                assert!(!role.may(operation, Table::TurnStages) || role.is_admin());
                assert!(operation == Operation::Create || !role.may(operation, Table::Approvals));
            }
        }
    }
}
