//! Instants in the envelopes of answers: RFC 3339 in UTC, as every program reads it.
//!
//! **Invariant:** rows keep PostgreSQL's form; this one is for what is not a row.

use domain::Timestamp;
use serde::{Serialize, Serializer};
use std::fmt;

/// An instant that is written `2026-11-23T04:48:01.25Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Instant(pub Timestamp);

impl Instant {
    /// From a stored number of microseconds since 1970 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(Timestamp::from_micros(micros))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        jiff::Timestamp::from_microsecond(self.0.micros()).unwrap_or_default().fmt(f)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_as_browsers_read_it() {
        let instant = Instant::from_micros(1_763_870_881_250_000);
        assert_eq!(serde_json::to_value(instant).unwrap(), "2025-11-23T04:08:01.25Z");
    }
}
