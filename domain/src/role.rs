//! Who may see and do what. The server decides with this; the device predicts with it.

use crate::{Operation, Row, Table, UserId, Value};
use serde::{Deserialize, Serialize};

/// What a person is in the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

/// Which rows of one table somebody sees: those where every condition holds, or none.
///
/// What decides stands in the row itself, so one filter on one table is enough.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowFilter {
    /// No row.
    Nothing,
    /// Rows in which each named column has the given value; no condition means every row.
    Where(Vec<(&'static str, Value)>),
}

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

    /// Whether the role sees and changes everything.
    pub const fn is_admin(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Admin)
    }

    /// The rows of `table` that a person of this role sees.
    pub fn sees(self, user: UserId, table: Table) -> RowFilter {
        let mut conditions = match table {
            Table::TurnStages => return RowFilter::Where(vec![]),
            Table::Properties => vec![],
            // Ten-year-old turns stay off the tablet: they are a search and a report away.
            Table::Turns | Table::ScopeItems => vec![("is_active", Value::Bool(true))],
        };
        match self {
            Self::SuperAdmin | Self::Admin => {}
            Self::SrPropertyManager => conditions.push(("sr_property_manager_id", Value::Uuid(user.0))),
            Self::PropertyManager => conditions.push(("property_manager_id", Value::Uuid(user.0))),
            Self::Inspector | Self::Vendor | Self::DfoApprover | Self::HoApprover => return RowFilter::Nothing,
        }
        RowFilter::Where(conditions)
    }

    /// The shapes that a device of this role subscribes to, parents first.
    pub fn shapes(self, user: UserId) -> Vec<Table> {
        Table::ALL.into_iter().filter(|table| self.sees(user, *table) != RowFilter::Nothing).collect()
    }

    /// Whether this role may do `operation` on rows of `table` that it sees.
    pub const fn may(self, operation: Operation, table: Table) -> bool {
        let manages = matches!(self, Self::SuperAdmin | Self::Admin | Self::SrPropertyManager | Self::PropertyManager);
        match (table, operation) {
            (Table::TurnStages, _) => false,
            (Table::Properties, Operation::Delete) => self.is_admin(),
            (Table::Properties, Operation::Create | Operation::Update) => manages,
            (Table::Turns, Operation::Create | Operation::Update | Operation::StageChange) => manages,
            (Table::ScopeItems, Operation::Create | Operation::Update | Operation::Delete) => manages,
            (Table::Turns, Operation::Delete) => false,
            (Table::Properties | Table::ScopeItems, Operation::StageChange) => false,
        }
    }
}

impl RowFilter {
    /// Whether a row is seen.
    pub fn admits(&self, row: &Row) -> bool {
        match self {
            Self::Nothing => false,
            Self::Where(conditions) => conditions.iter().all(|(column, value)| row.get(column) == value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn turn_of(manager: u128, is_active: bool) -> Row {
        let mut row = Row::blank(Table::Turns);
        row.set("property_manager_id", Value::Uuid(Uuid::from_u128(manager)));
        row.set("is_active", Value::Bool(is_active));
        row
    }

    #[test]
    fn managers_see_their_own_active_turns_and_admins_all_active_ones() {
        let me = UserId(Uuid::from_u128(1));
        let mine = Role::PropertyManager.sees(me, Table::Turns);
        assert!(mine.admits(&turn_of(1, true)));
        assert!(!mine.admits(&turn_of(2, true)));
        assert!(!mine.admits(&turn_of(1, false)));
        let all = Role::Admin.sees(me, Table::Turns);
        assert!(all.admits(&turn_of(2, true)));
        assert!(!all.admits(&turn_of(2, false)));
    }

    #[test]
    fn roles_travel_by_name() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
    }

    #[test]
    fn nobody_writes_reference_data_through_the_write_api() {
        for role in Role::ALL {
            for operation in Operation::ALL {
                assert!(!role.may(operation, Table::TurnStages));
            }
        }
    }
}
