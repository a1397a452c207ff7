//! Everything that a role may reach, as one table: what the rules of [`crate::role`] come to.
//!
//! It is made from the rules and prints as a page; the tests hold the server's answers against it, cell by cell.

use crate::{Operation, Role, RowFilter, RowId, Table, UserId, Viewer};
use std::fmt::Write;
use uuid::Uuid;

/// Something that a person may want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To follow a table's shape.
    Follow(Table),
    /// To write a row.
    Write(Table, Operation),
    /// To add a file to a row of this table.
    Upload(Table),
    /// To decide writes whose authors have lost sight of the row.
    Supervise,
    /// To see reports and take exports away.
    Report,
    /// To search the audit log.
    Audit,
    /// To keep accounts, sessions and thresholds.
    Administer,
}

/// How far a role gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Not at all.
    Nothing,
    /// With what is theirs: rows that they see.
    Own,
    /// With everything.
    Everything,
}

/// What files are added to.
pub const WITH_FILES: [Table; 4] = [Table::Properties, Table::Turns, Table::ScopeItems, Table::Vendors];

impl Wish {
    /// Every wish, in the order of the page.
    pub fn all() -> Vec<Self> {
        let follow = Table::ALL.map(Self::Follow);
        let write = Table::ALL
            .into_iter()
            .flat_map(|table| Operation::ALL.map(|operation| Self::Write(table, operation)));
        follow
            .into_iter()
            .chain(write)
            .chain(WITH_FILES.map(Self::Upload))
            .chain([Self::Supervise, Self::Report, Self::Audit, Self::Administer])
            .collect()
    }

    /// As the page has it.
    pub fn name(self) -> String {
        match self {
            Self::Follow(table) => format!("follow {}", table.url_name()),
            Self::Write(table, operation) => format!("{} {}", operation.name(), table.url_name()),
            Self::Upload(table) => format!("upload to {}", table.url_name()),
            Self::Supervise => "decide held writes".to_owned(),
            Self::Report => "reports and exports".to_owned(),
            Self::Audit => "audit log".to_owned(),
            Self::Administer => "administration".to_owned(),
        }
    }
}

impl Role {
    /// How far the role gets with a wish.
    pub fn reach(self, wish: Wish) -> Reach {
        match wish {
            Wish::Follow(table) => self.sight(table),
            Wish::Write(table, operation) if self.may(operation, table) => self.sight_for(table, operation),
            // A vendor's papers are the administrators' and its own.
            Wish::Upload(Table::Vendors) if !self.is_admin() && self != Self::Vendor => Reach::Nothing,
            Wish::Upload(table) if self.may(Operation::Create, Table::Documents) => self.sight(table),
            Wish::Write(..) | Wish::Upload(_) => Reach::Nothing,
            Wish::Supervise if self.supervises() => self.sight(Table::Turns),
            Wish::Supervise => Reach::Nothing,
            Wish::Report => self.reports(),
            Wish::Audit | Wish::Administer if self.is_admin() => Reach::Everything,
            Wish::Audit | Wish::Administer => Reach::Nothing,
        }
    }

    /// How far the role's reports reach: managers see their own homes, approvers all that they decide among.
    pub const fn reports(self) -> Reach {
        match self {
            Self::SuperAdmin | Self::Admin | Self::DfoApprover | Self::HoApprover => Reach::Everything,
            Self::SrPropertyManager | Self::PropertyManager => Reach::Own,
            Self::Inspector | Self::Vendor => Reach::Nothing,
        }
    }

    /// A new row is reached through the one that it belongs to.
    fn sight_for(self, table: Table, operation: Operation) -> Reach {
        match (table, operation) {
            (Table::Approvals, Operation::Create) => self.sight(Table::Turns),
            _ => self.sight(table),
        }
    }

    fn sight(self, table: Table) -> Reach {
        let somebody = Viewer {
            user: UserId(Uuid::from_u128(1)),
            role: self,
            vendor: Some(RowId(Uuid::from_u128(2))),
        };
        let sees = somebody.sees(table);
        let is_own = |column: &str| !matches!(column, "is_active" | "is_approved");
        let conditions = sees.alternatives().iter().flatten();
        if sees == RowFilter::nothing() {
            Reach::Nothing
        } else if conditions.into_iter().any(|(column, _)| is_own(column)) {
            Reach::Own
        } else {
            Reach::Everything
        }
    }
}

/// The page: a Markdown table with a line per wish and a column per role.
pub fn page() -> String {
    let mut page = String::from("| |");
    for role in Role::ALL {
        let _ = write!(page, " {} |", role.name());
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(Role::ALL.len()));
    for wish in Wish::all() {
        let reaches = Role::ALL.map(|role| role.reach(wish));
        if reaches == [Reach::Nothing; 8] {
            continue;
        }
        let _ = write!(page, "\n| {} |", wish.name());
        for reach in reaches {
            let _ = write!(page, " {} |", reach.name());
        }
    }
    page.push('\n');
    page
}

impl Reach {
    const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "–",
            Self::Own => "own",
            Self::Everything => "all",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn administrators_reach_at_least_as_far_as_anybody() {
        for wish in Wish::all() {
            let is_decision = matches!(wish, Wish::Write(_, Operation::Approve | Operation::Reject));
            let nobody_else = Role::ALL.iter().all(|role| role.reach(wish) == Reach::Nothing);
            assert!(
                is_decision || nobody_else || Role::SuperAdmin.reach(wish) != Reach::Nothing,
                "{wish:?} is out of an administrator’s reach"
            );
        }
    }

    #[test]
    fn nobody_writes_what_they_do_not_see() {
        for role in Role::ALL {
            for table in Table::ALL {
                for operation in Operation::ALL {
                    let writes = role.reach(Wish::Write(table, operation)) != Reach::Nothing;
                    assert!(!writes || role.reach(Wish::Follow(table)) != Reach::Nothing, "{role:?} {operation:?} {table:?}");
                }
            }
        }
    }

    #[test]
    fn the_page_has_a_line_for_everything_that_somebody_may() {
        let page = page();
        assert!(page.contains("\n| approve turns | all | – |"), "{page}");
        assert!(!page.contains("delete turns"), "{page}");
    }
}
