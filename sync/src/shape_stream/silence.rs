//! How long nothing was heard, when no clock can be trusted.
//!
//! A tablet that slept does not know it: the steady clock of many systems stands still meanwhile, and so do timers. The clock on
//! the wall goes on, but people and networks set it. So both are asked, and the longer time counts: a clock that is
//! set forward costs one look too many, one that is set back costs nothing.
//!
//! **Invariant:** silence is a time since something was heard, never a time of day.

/// The server says something every fifteen seconds: after three times nothing the connection is dead, whatever the browser
/// believes. The same tells of a sleep.
const DEAD_AFTER_MS: i64 = 45_000;

/// A moment by two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the clock on the wall, in milliseconds since 1970.
    pub wall_ms: i64,
    /// By the one that nobody sets, in milliseconds since whenever.
    pub steady_ms: i64,
}

/// The silence since a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    since: Moment,
}

impl Silence {
    /// Something is heard now.
    pub const fn since(now: Moment) -> Self {
        Self { since: now }
    }

    /// Whether it has lasted too long.
    pub fn is_dead(self, now: Moment) -> bool {
        let by_the_wall = now.wall_ms.saturating_sub(self.since.wall_ms);
        let steadily = now.steady_ms.saturating_sub(self.since.steady_ms);
        by_the_wall.max(steadily) > DEAD_AFTER_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1_000;

    fn is_dead(wall_ms: i64, steady_ms: i64) -> bool {
        let then = Moment {
            wall_ms: 2 * YEAR_MS,
            steady_ms: 7,
        };
        Silence::since(then).is_dead(Moment {
            wall_ms: then.wall_ms + wall_ms,
            steady_ms: then.steady_ms + steady_ms,
        })
    }

    #[test]
    fn silence_is_told_by_whichever_clock_went_on() {
        assert!(!is_dead(45_000, 45_000));
        assert!(is_dead(45_001, 45_001), "a connection that died");
        assert!(is_dead(3 * 24 * 60 * 60 * 1_000, 1_000), "a sleep in which the steady clock stood still");
        assert!(is_dead(46_000 - YEAR_MS, 46_000), "a clock that was set back meanwhile");
        assert!(!is_dead(1_000 - YEAR_MS, 1_000), "a clock that was set back, and nothing else");
        assert!(is_dead(YEAR_MS, 1_000), "a clock that was set forward: one look too many");
        assert!(!is_dead(i64::MIN, i64::MIN));
    }
}
