//! A place in two logs that are read as one.
//!
//! **Invariant:** places are ordered as the merged log is: by instant, and where that is the same by log and entry.

use sea_orm::{ColumnTrait, Condition};
use std::{fmt, str::FromStr};

/// Which of the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Log {
    /// Changes of rows.
    Changes,
    /// Moves between stages: told before the change of the same write, because newest comes first.
    Stages,
}

/// An entry's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Microseconds since 1970.
    pub at: i64,
    /// Which log.
    pub log: Log,
    /// The entry in it.
    pub id: i64,
}

/// The text is no place.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a place")]
pub struct NoPlace;

impl Cursor {
    /// What entries of a log must be to come after this place, newest first.
    pub fn then(self, log: Log, at: impl ColumnTrait, id: impl ColumnTrait) -> Condition {
        let below = match log.cmp(&self.log) {
            std::cmp::Ordering::Less => i64::MAX,
            std::cmp::Ordering::Equal => self.id,
            std::cmp::Ordering::Greater => i64::MIN,
        };
        let same_instant = Condition::all().add(at.eq(self.at)).add(id.lt(below));
        Condition::any().add(at.lt(self.at)).add(same_instant)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = match self.log {
            Log::Changes => 'c',
            Log::Stages => 's',
        };
        write!(f, "{}{log}{}", self.at, self.id)
    }
}

impl FromStr for Cursor {
    type Err = NoPlace;
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (log, (at, id)) = text
            .split_once('c')
            .map(|place| (Log::Changes, place))
            .or_else(|| text.split_once('s').map(|place| (Log::Stages, place)))
            .ok_or(NoPlace)?;
        Ok(Self {
            at: at.parse().map_err(|_| NoPlace)?,
            log,
            id: id.parse().map_err(|_| NoPlace)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_travels_as_text() {
        for log in [Log::Changes, Log::Stages] {
            let cursor = Cursor { at: -5, log, id: 17 };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for wrong in ["", "5", "5x7", "c7", "5c", "5c7c8"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(NoPlace), "{wrong}");
        }
    }
}
