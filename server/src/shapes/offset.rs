//! Places in a shape, as text that clients hand back.
//!
//! | text | place |
//! |---|---|
//! | `-1` | before everything |
//! | `now` | the log's end |
//! | `0_<n>` | inside a snapshot: `n` is the snapshot's position, then 39 digits of the last row's key |
//! | `<position>_<op>`, `<position>_inf` | in the log, after that change or that transaction |
//!
//! **Invariant:** an offset alone says where to go on; the server remembers nothing about it.

use crate::db::changes::Place;
use domain::RowId;
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// As many digits as the greatest 128-bit key has.
const KEY_DIGITS: usize = 39;

/// Where a client wants to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// From the snapshot's first page.
    Beginning,
    /// From the log's end, without a snapshot.
    Now,
    /// From the snapshot taken at `position`, after the row `last`.
    Snapshot {
        /// The log's end when the snapshot began.
        position: i64,
        /// The last row of the page before.
        last: RowId,
    },
    /// From this place of the log.
    Log(Place),
    /// Well-formed, but no place of this server's.
    Foreign,
}

impl Offset {
    /// Whether there is no going on from here in a log with these ends.
    pub const fn is_gone(self, begin: i64, end: i64) -> bool {
        match self {
            Self::Beginning | Self::Now => false,
            Self::Snapshot { position, .. } | Self::Log(Place { position, .. }) => position < begin || position > end,
            Self::Foreign => true,
        }
    }
}

/// The text is no offset.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidOffset;

impl FromStr for Offset {
    type Err = InvalidOffset;
    fn from_str(text: &str) -> Result<Self, InvalidOffset> {
        match text {
            "-1" => return Ok(Self::Beginning),
            "now" => return Ok(Self::Now),
            _ => {}
        }
        let (position, op) = text.split_once('_').filter(|(position, _)| is_digits(position)).ok_or(InvalidOffset)?;
        if op != "inf" && !is_digits(op) {
            return Err(InvalidOffset);
        }
        if position == "0" && op.len() > KEY_DIGITS {
            return Ok(snapshot(op).unwrap_or(Self::Foreign));
        }
        let op = if op == "inf" { Ok(i64::MAX) } else { op.parse() };
        Ok(match (position.parse(), op) {
            (Ok(position), Ok(op)) => Self::Log(Place { position, op }),
            _ => Self::Foreign,
        })
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning => f.write_str("-1"),
            Self::Now | Self::Foreign => f.write_str("now"),
            Self::Snapshot { position, last } => write!(f, "0_{position}{:0width$}", last.0.as_u128(), width = KEY_DIGITS),
            Self::Log(Place { position, op: i64::MAX }) => write!(f, "{position}_inf"),
            Self::Log(Place { position, op }) => write!(f, "{position}_{op}"),
        }
    }
}

fn snapshot(digits: &str) -> Option<Offset> {
    let (position, key) = digits.split_at_checked(digits.len() - KEY_DIGITS)?;
    Some(Offset::Snapshot {
        position: position.parse().ok()?,
        last: RowId(Uuid::from_u128(key.parse().ok()?)),
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offsets_that_are_none_are_refused() {
        for text in ["", "abc", "1_2_3", "1_", "_1", "-2", "1", "1_-1", "inf_0", "1_é"] {
            assert_eq!(text.parse::<Offset>(), Err(InvalidOffset), "{text}");
        }
    }

    #[test]
    fn offsets_of_others_are_well_formed_but_foreign() {
        let nines = "9".repeat(60);
        for text in [format!("0_{nines}"), format!("{nines}_0")] {
            assert_eq!(text.parse::<Offset>(), Ok(Offset::Foreign), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_offset_survives_the_client(position in 0_i64..i64::MAX, op in 0_i64..=i64::MAX, key: u128) {
            for offset in [Offset::Log(Place { position, op: op.min(1 << 40) }), Offset::Log(Place::end_of(position)), Offset::Snapshot { position, last: RowId(Uuid::from_u128(key)) }] {
                prop_assert_eq!(offset.to_string().parse::<Offset>(), Ok(offset));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = text.parse::<Offset>();
        }
    }
}
