//! Who may do what to whose account.
//!
//! **Invariant:** nobody makes themselves more, and there is always somebody left who can keep the accounts.

use domain::{Role, UserId};

/// Who keeps accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// A signed-in administrator.
    Person(UserId, Role),
    /// Whoever has the machine: the way back in when nobody can sign in.
    CommandLine,
}

/// An account, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose it is.
    pub user: UserId,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in.
    pub is_active: bool,
}

/// How many other active accounts there are that keep accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Others {
    /// Super administrators.
    pub super_admins: u64,
    /// Administrators of either kind.
    pub admins: u64,
}

/// Why something may not be done to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// An administrator's account, and only a super administrator keeps these.
    #[error("only a super administrator does this to an administrator’s account")]
    OfAdministrator,
    /// One's own role.
    #[error("you cannot change your own role; another administrator can")]
    OwnRole,
    /// One's own account.
    #[error("you cannot deactivate your own account; another administrator can")]
    OwnAccount,
    /// One's own password.
    #[error("change your own password with your current one")]
    OwnPassword,
    /// Nobody would be left.
    #[error("this is the last active account of its kind; make another administrator first")]
    LastAdministrator,
}

impl Keeper {
    /// Whether accounts of a role may be made, and their sessions ended.
    pub fn may_keep(self, role: Role) -> Result<(), Forbidden> {
        match self {
            Self::Person(_, keeper) if role.is_admin() && keeper != Role::SuperAdmin => Err(Forbidden::OfAdministrator),
            _ => Ok(()),
        }
    }

    /// Whether an account may become what it is to be.
    pub fn may_change(self, before: Standing, after: Standing, others: Others) -> Result<(), Forbidden> {
        if self.is(before.user) {
            return match (after.role == before.role, after.is_active) {
                (false, _) => Err(Forbidden::OwnRole),
                (_, false) => Err(Forbidden::OwnAccount),
                // One's own name and number are one's own business, whatever the role.
                (true, true) => Ok(()),
            };
        }
        self.may_keep(before.role)?;
        self.may_keep(after.role)?;
        let leaves = |role_stays: bool| before.is_active && !(after.is_active && role_stays);
        let is_last = match before.role {
            Role::SuperAdmin => others.super_admins == 0 && leaves(after.role == Role::SuperAdmin),
            Role::Admin => others.admins == 0 && leaves(after.role.is_admin()),
            _ => false,
        };
        if is_last { Err(Forbidden::LastAdministrator) } else { Ok(()) }
    }

    /// Whether an account may be given a one-time password.
    pub fn may_reset_password(self, of: Standing) -> Result<(), Forbidden> {
        if self.is(of.user) {
            return Err(Forbidden::OwnPassword);
        }
        self.may_keep(of.role)
    }

    /// Whether an account's sessions may be ended; one's own always.
    pub fn may_end_sessions(self, of: Standing) -> Result<(), Forbidden> {
        if self.is(of.user) { Ok(()) } else { self.may_keep(of.role) }
    }

    fn is(self, user: UserId) -> bool {
        matches!(self, Self::Person(keeper, _) if keeper == user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const SOME: Others = Others { super_admins: 1, admins: 2 };
    const NONE: Others = Others { super_admins: 0, admins: 0 };

    fn id(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn account(n: u128, role: Role) -> Standing {
        Standing {
            user: id(n),
            role,
            is_active: true,
        }
    }

    fn gone(account: Standing) -> Standing {
        Standing { is_active: false, ..account }
    }

    #[test]
    fn only_a_super_administrator_keeps_administrators() {
        let (admin, above) = (Keeper::Person(id(1), Role::Admin), Keeper::Person(id(2), Role::SuperAdmin));
        for role in Role::ALL {
            let other = account(9, role);
            assert_eq!(admin.may_keep(role).is_ok(), !role.is_admin(), "{role:?}");
            assert_eq!(admin.may_reset_password(other).is_ok(), !role.is_admin(), "{role:?}");
            assert_eq!(admin.may_end_sessions(other).is_ok(), !role.is_admin(), "{role:?}");
            assert!(above.may_keep(role).is_ok() && above.may_reset_password(other).is_ok());
            let promoted = account(9, Role::SuperAdmin);
            assert_eq!(admin.may_change(other, promoted, SOME), Err(Forbidden::OfAdministrator));
            assert_eq!(above.may_change(other, promoted, SOME), Ok(()));
        }
    }

    #[test]
    fn nobody_makes_themselves_more_or_less_or_locks_themselves_out() {
        for role in [Role::Admin, Role::SuperAdmin] {
            let (keeper, own) = (Keeper::Person(id(1), role), account(1, role));
            for other in Role::ALL.into_iter().filter(|other| *other != role) {
                assert_eq!(keeper.may_change(own, account(1, other), SOME), Err(Forbidden::OwnRole), "{other:?}");
            }
            assert_eq!(keeper.may_change(own, gone(own), SOME), Err(Forbidden::OwnAccount));
            assert_eq!(keeper.may_change(own, own, NONE), Ok(()), "a new name or number");
            assert_eq!(keeper.may_reset_password(own), Err(Forbidden::OwnPassword));
            assert_eq!(keeper.may_end_sessions(own), Ok(()));
        }
    }

    #[test]
    fn the_last_administrator_stays_even_from_the_command_line() {
        let line = Keeper::CommandLine;
        let (last, admin) = (account(1, Role::SuperAdmin), account(2, Role::Admin));
        let only_admins = Others { super_admins: 0, admins: 3 };
        assert_eq!(line.may_change(last, gone(last), only_admins), Err(Forbidden::LastAdministrator));
        assert_eq!(line.may_change(last, account(1, Role::Admin), only_admins), Err(Forbidden::LastAdministrator));
        assert_eq!(line.may_change(admin, gone(admin), NONE), Err(Forbidden::LastAdministrator));
        assert_eq!(line.may_change(admin, account(2, Role::SuperAdmin), NONE), Ok(()));
        assert_eq!(line.may_change(last, gone(last), SOME), Ok(()));
        assert_eq!(line.may_change(gone(last), gone(last), NONE), Ok(()), "who is gone already is not missed");
        let manager = account(3, Role::PropertyManager);
        assert_eq!(line.may_change(manager, gone(manager), NONE), Ok(()));
    }
}
