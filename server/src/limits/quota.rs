//! What may be how often, as settings say it: `100/1m`.
//!
//! **Invariant:** a quota is never so large that keeping its count would cost real memory.

use std::{fmt, str::FromStr, time::Duration};

/// The most requests of a quota: each is remembered for its window.
const MOST_REQUESTS: u32 = 10_000;
const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// So many requests in any span of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many.
    pub requests: u32,
    /// In how long.
    pub window: Duration,
}

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// `POST /api/write/…`, per person; a batch is one.
    Writes,
    /// Passwords tried, per network address and per address and account.
    Auth,
    /// Pages of shapes, and doorbells opened, per person. What brings nothing new costs nothing.
    Shapes,
    /// `GET /api/reports/…`, per person.
    Reports,
    /// `GET /api/reports/export`, per person.
    Exports,
    /// Files sent, per person.
    Uploads,
}

/// The quota of each budget; none where it is lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits([Option<Quota>; Budget::ALL.len()]);

/// The text is no quota.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a quota")]
pub struct NoQuota;

impl Budget {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Writes, Self::Auth, Self::Shapes, Self::Reports, Self::Exports, Self::Uploads];

    /// As headers, metrics and keys have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Writes => "writes",
            Self::Auth => "auth",
            Self::Shapes => "shapes",
            Self::Reports => "reports",
            Self::Exports => "exports",
            Self::Uploads => "uploads",
        }
    }

    /// The setting that changes its quota.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Writes => "RATE_LIMIT_WRITES",
            Self::Auth => "RATE_LIMIT_AUTH",
            Self::Shapes => "RATE_LIMIT_SHAPES",
            Self::Reports => "RATE_LIMIT_REPORTS",
            Self::Exports => "RATE_LIMIT_EXPORTS",
            Self::Uploads => "RATE_LIMIT_UPLOADS",
        }
    }

    const fn default_quota(self) -> Quota {
        let (requests, minutes) = match self {
            Self::Writes => (100, 1),
            Self::Auth => (5, 1),
            Self::Shapes => (50, 1),
            Self::Reports => (10, 5),
            Self::Exports => (5, 10),
            // A walk through a home is some sixty photos, sent when the signal is back.
            Self::Uploads => (120, 1),
        };
        Quota {
            requests,
            window: Duration::from_secs(minutes * 60),
        }
    }
}

impl RateLimits {
    /// No limits at all: for tests, measurements and a first import.
    pub const fn lifted() -> Self {
        Self([None; Budget::ALL.len()])
    }

    /// A budget's quota, unless it is lifted.
    pub const fn quota(&self, budget: Budget) -> Option<Quota> {
        self.0[budget as usize]
    }

    /// The same with another quota.
    #[must_use]
    pub const fn with(mut self, budget: Budget, quota: Option<Quota>) -> Self {
        self.0[budget as usize] = quota;
        self
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self(Budget::ALL.map(|budget| Some(budget.default_quota())))
    }
}

impl FromStr for Quota {
    type Err = NoQuota;
    fn from_str(text: &str) -> Result<Self, NoQuota> {
        let (requests, window) = text.trim().split_once('/').ok_or(NoQuota)?;
        let unit_at = window.find(|letter: char| !letter.is_ascii_digit()).ok_or(NoQuota)?;
        let (number, unit) = window.split_at(unit_at);
        let unit_seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            _ => return Err(NoQuota),
        };
        let number: u64 = if number.is_empty() { 1 } else { number.parse().map_err(|_| NoQuota)? };
        let quota = Self {
            requests: requests.parse().map_err(|_| NoQuota)?,
            window: Duration::from_secs(number.saturating_mul(unit_seconds)),
        };
        let is_sane = (1..=MOST_REQUESTS).contains(&quota.requests) && !quota.window.is_zero() && quota.window <= LONGEST_WINDOW;
        is_sane.then_some(quota).ok_or(NoQuota)
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}s", self.requests, self.window.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_reads_as_settings_say_it() {
        let read = |text: &str| text.parse::<Quota>().map(|quota| (quota.requests, quota.window.as_secs()));
        assert_eq!(read("100/1m"), Ok((100, 60)));
        assert_eq!(read("5/10m"), Ok((5, 600)));
        assert_eq!(read(" 3/s "), Ok((3, 1)));
        assert_eq!(read("7/2h"), Ok((7, 7_200)));
        for wrong in [
            "",
            "100",
            "0/1m",
            "1/0s",
            "-1/1m",
            "1/1d",
            "1/25h",
            "10001/1m",
            "1/1",
            "1/99999999999999999999s",
            "a/1m",
            "1/ 1m",
        ] {
            assert_eq!(read(wrong), Err(NoQuota), "{wrong}");
        }
    }

    #[test]
    fn a_budget_stands_at_its_own_place() {
        for (index, budget) in Budget::ALL.into_iter().enumerate() {
            assert_eq!(budget as usize, index);
            assert!(RateLimits::default().quota(budget).is_some() && RateLimits::lifted().quota(budget).is_none());
        }
    }
}
