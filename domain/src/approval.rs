//! Who must approve how much, and what a decision makes of a turn.
//!
//! An approval binds to the amount and the scope that its approver saw. The server computes the digest of both; the rules
//! here only compare.

use crate::{Cents, Role};
use serde::{Deserialize, Serialize};

/// Who approves: the director of field operations, then the home office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Director of field operations.
    Dfo,
    /// Home office.
    Ho,
}

/// From which amount each level must approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// The director of field operations.
    pub dfo: Cents,
    /// The home office, after the director.
    pub ho: Cents,
}

/// What a turn's `approval_status` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalStatus {
    /// Nobody has asked, or what was asked for has changed since.
    None,
    /// Asked of this level.
    Needed(Level),
    /// Every level that must has approved.
    Approved,
    /// A level has refused.
    Rejected,
}

/// Why a decision is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionRefusal {
    /// Another role decides at this level.
    #[error("your role does not decide at this level")]
    NotYours,
    /// Nothing is waiting at this level.
    #[error("nothing is waiting for this approval: it was decided already, or never asked for")]
    NothingWaits,
    /// One does not approve one's own request.
    #[error("this is your own request; somebody else must decide it")]
    OwnRequest,
    /// The amount or the scope is another by now.
    #[error("the scope has changed since this approval was asked for")]
    ScopeChanged,
    /// A rejection without a reason helps nobody.
    #[error("a rejection needs a reason")]
    ReasonMissing,
}

impl Level {
    /// As stored and as it travels: `DFO`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dfo => "DFO",
            Self::Ho => "HO",
        }
    }

    /// Finds a level by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Dfo, Self::Ho].into_iter().find(|level| level.name() == name)
    }

    /// Whether a person of this role decides at this level. A super administrator stands in for whoever is away.
    pub const fn is_decided_by(self, role: Role) -> bool {
        match (self, role) {
            (_, Role::SuperAdmin) => true,
            (Self::Dfo, role) => matches!(role, Role::DfoApprover),
            (Self::Ho, role) => matches!(role, Role::HoApprover),
        }
    }

    /// The role that is asked.
    pub const fn approver(self) -> Role {
        match self {
            Self::Dfo => Role::DfoApprover,
            Self::Ho => Role::HoApprover,
        }
    }
}

impl Thresholds {
    /// The level that an amount is asked of first; none for what a manager may spend.
    pub fn first(self, amount: Cents) -> Option<Level> {
        (amount >= self.dfo.min(self.ho)).then_some(Level::Dfo)
    }

    /// The level that comes after `level` has approved.
    pub fn after(self, level: Level, amount: Cents) -> Option<Level> {
        (level == Level::Dfo && amount >= self.ho).then_some(Level::Ho)
    }

    /// The level that an amount cannot do without; none for what a manager may spend.
    pub fn highest(self, amount: Cents) -> Option<Level> {
        if amount >= self.ho { Some(Level::Ho) } else { self.first(amount) }
    }
}

impl Default for Thresholds {
    /// What a new installation starts with.
    fn default() -> Self {
        Self {
            dfo: Cents(300_000),
            ho: Cents(1_000_000),
        }
    }
}

impl ApprovalStatus {
    /// As stored in a turn.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Needed(Level::Dfo) => "dfo_needed",
            Self::Needed(Level::Ho) => "ho_needed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

/// A waiting request, as far as the rules need it.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Whether its author is who decides now.
    pub is_own: bool,
    /// Whether amount and scope are still those that were asked for, and those that the approver saw.
    pub is_current: bool,
}

/// What a decider says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// Yes.
    Approve,
    /// No, and why.
    Reject(Option<&'a str>),
}

/// Checks a decision and gives the turn's status after it.
pub fn decide(
    role: Role,
    level: Level,
    request: Option<Request>,
    verdict: Verdict<'_>,
    amount: Cents,
    thresholds: Thresholds,
) -> Result<ApprovalStatus, DecisionRefusal> {
    if !level.is_decided_by(role) {
        return Err(DecisionRefusal::NotYours);
    }
    let request = request.ok_or(DecisionRefusal::NothingWaits)?;
    if request.is_own {
        return Err(DecisionRefusal::OwnRequest);
    }
    match verdict {
        Verdict::Reject(reason) if reason.is_none_or(|reason| reason.trim().is_empty()) => Err(DecisionRefusal::ReasonMissing),
        Verdict::Reject(_) => Ok(ApprovalStatus::Rejected),
        Verdict::Approve if !request.is_current => Err(DecisionRefusal::ScopeChanged),
        Verdict::Approve => Ok(thresholds.after(level, amount).map_or(ApprovalStatus::Approved, ApprovalStatus::Needed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRESH: Option<Request> = Some(Request {
        is_own: false,
        is_current: true,
    });

    fn approve(role: Role, level: Level, request: Option<Request>, dollars: i64) -> Result<ApprovalStatus, DecisionRefusal> {
        decide(role, level, request, Verdict::Approve, Cents(dollars * 100), Thresholds::default())
    }

    #[test]
    fn amounts_are_asked_of_the_director_and_then_of_the_home_office() {
        let thresholds = Thresholds::default();
        for (cents, first, highest) in [
            (299_999, None, None),
            (300_000, Some(Level::Dfo), Some(Level::Dfo)),
            (999_999, Some(Level::Dfo), Some(Level::Dfo)),
            (1_000_000, Some(Level::Dfo), Some(Level::Ho)),
        ] {
            assert_eq!((thresholds.first(Cents(cents)), thresholds.highest(Cents(cents))), (first, highest), "{cents}");
        }
        assert_eq!(approve(Role::DfoApprover, Level::Dfo, FRESH, 9_999), Ok(ApprovalStatus::Approved));
        assert_eq!(approve(Role::DfoApprover, Level::Dfo, FRESH, 10_000), Ok(ApprovalStatus::Needed(Level::Ho)));
        assert_eq!(approve(Role::HoApprover, Level::Ho, FRESH, 10_000), Ok(ApprovalStatus::Approved));
    }

    #[test]
    fn nobody_approves_for_another_level_twice_for_themselves_or_what_has_changed() {
        let own = Some(Request {
            is_own: true,
            is_current: true,
        });
        let stale = Some(Request {
            is_own: false,
            is_current: false,
        });
        for (role, level, request, refusal) in [
            (Role::HoApprover, Level::Dfo, FRESH, DecisionRefusal::NotYours),
            (Role::Admin, Level::Dfo, FRESH, DecisionRefusal::NotYours),
            (Role::DfoApprover, Level::Dfo, None, DecisionRefusal::NothingWaits),
            (Role::SuperAdmin, Level::Dfo, own, DecisionRefusal::OwnRequest),
            (Role::DfoApprover, Level::Dfo, stale, DecisionRefusal::ScopeChanged),
        ] {
            assert_eq!(approve(role, level, request, 5_000), Err(refusal));
        }
    }

    #[test]
    fn a_rejection_needs_a_reason() {
        let reject = |reason| {
            decide(
                Role::DfoApprover,
                Level::Dfo,
                FRESH,
                Verdict::Reject(reason),
                Cents(500_000),
                Thresholds::default(),
            )
        };
        assert_eq!(reject(None), Err(DecisionRefusal::ReasonMissing));
        assert_eq!(reject(Some("  ")), Err(DecisionRefusal::ReasonMissing));
        assert_eq!(reject(Some("two quotes, please")), Ok(ApprovalStatus::Rejected));
    }

    proptest! {
        #[test]
        fn the_levels_asked_one_after_the_other_end_with_the_highest(cents in 0_i64..3_000_000, dfo in 0_i64..2_000_000, ho in 0_i64..2_000_000) {
            let thresholds = Thresholds { dfo: Cents(dfo), ho: Cents(ho) };
            let mut last = None;
            let mut next = thresholds.first(Cents(cents));
            while let Some(level) = next {
                last = Some(level);
                next = thresholds.after(level, Cents(cents));
            }
            prop_assert_eq!(last, thresholds.highest(Cents(cents)));
        }
    }
}
