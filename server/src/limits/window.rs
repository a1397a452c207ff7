//! The rule itself: a sliding window over the requests that were counted.
//!
//! Each counted request is remembered for the window's length. A bucket that refills would remember less, but it lets
//! twice its quota through in one window; and the quotas are small.
//!
//! **Invariant:** in any span as long as the window, no more requests are let through than the quota has.

use super::quota::Quota;
use domain::Timestamp;
use std::{collections::VecDeque, time::Duration};

/// What is done to a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spend {
    /// Count one request, if it may be.
    One,
    /// Only look.
    Nothing,
    /// Take the last one back: it turned out to cost nothing.
    GiveBack,
}

/// What a count says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request may be: it was counted, or, where one only looked, would be.
    pub is_allowed: bool,
    /// How many more may be now.
    pub remaining: u32,
    /// When the oldest counted request is forgotten, so that one more may be; zero where none is counted.
    pub frees_in: Duration,
}

/// When the counted requests were, in microseconds since 1970, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Window(VecDeque<i64>);

impl Window {
    /// Applies the rule at one instant.
    pub fn spend(&mut self, quota: Quota, spend: Spend, now: Timestamp) -> Verdict {
        let (now, window) = (now.micros(), micros(quota.window));
        self.forget(now, window);
        let is_allowed = self.0.len() < quota.requests as usize;
        match spend {
            Spend::One if is_allowed => self.0.push_back(now),
            Spend::GiveBack => drop(self.0.pop_back()),
            Spend::One | Spend::Nothing => {}
        }
        let used = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        Verdict {
            is_allowed,
            remaining: quota.requests.saturating_sub(used),
            frees_in: self.0.front().map_or(Duration::ZERO, |oldest| frees_in(*oldest, window, now)),
        }
    }

    /// From when on there is nothing to remember.
    pub fn is_over_at(&self, window: Duration) -> i64 {
        self.0.back().map_or(i64::MIN, |last| last.saturating_add(micros(window)))
    }

    fn forget(&mut self, now: i64, window: i64) {
        // A clock that was set back must not lock anybody out for as long as it was set back.
        if self.0.back().is_some_and(|last| *last > now) {
            self.0.iter_mut().for_each(|at| *at = (*at).min(now));
        }
        while self.0.front().is_some_and(|at| *at <= now - window) {
            self.0.pop_front();
        }
    }
}

/// How long until a request that was counted at `at` is forgotten.
pub fn frees_in(at: i64, window_micros: i64, now: i64) -> Duration {
    Duration::from_micros(u64::try_from(at.saturating_add(window_micros).saturating_sub(now)).unwrap_or(0))
}

/// A window's length in the unit of instants.
pub fn micros(window: Duration) -> i64 {
    i64::try_from(window.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000;

    fn quota(requests: u32, seconds: u64) -> Quota {
        Quota {
            requests,
            window: Duration::from_secs(seconds),
        }
    }

    proptest! {
        #[test]
        fn never_more_than_the_quota_in_any_window(requests in 1_u32..8, seconds in 1_u64..20, pauses in prop::collection::vec(0_i64..4 * SECOND, 1..200)) {
            let (mut window, mut now, mut let_through) = (Window::default(), 0_i64, vec![]);
            for pause in pauses {
                now += pause;
                let before = let_through.len();
                let verdict = window.spend(quota(requests, seconds), Spend::One, Timestamp::from_micros(now));
                if verdict.is_allowed {
                    let_through.push(now);
                }
                let span = now - seconds as i64 * SECOND;
                let in_span = let_through.iter().filter(|at| **at > span).count();
                prop_assert!(in_span <= requests as usize);
                prop_assert_eq!(verdict.remaining as usize, requests as usize - in_span);
                // Refused only where there is no room, and the time that it says is the right one.
                let used_before = let_through[..before].iter().filter(|at| **at > span).count();
                prop_assert_eq!(verdict.is_allowed, used_before < requests as usize);
                if !verdict.is_allowed {
                    let again = now + verdict.frees_in.as_micros() as i64;
                    let look = |at: i64| window.clone().spend(quota(requests, seconds), Spend::Nothing, Timestamp::from_micros(at)).is_allowed;
                    prop_assert!(look(again) && !look(again - 1));
                }
            }
        }

        #[test]
        fn what_is_given_back_was_never_counted(requests in 1_u32..6, tries in 1_usize..30) {
            let (mut window, now) = (Window::default(), Timestamp::from_micros(7));
            for _ in 0..tries {
                prop_assert!(window.spend(quota(requests, 60), Spend::One, now).is_allowed);
                prop_assert_eq!(window.spend(quota(requests, 60), Spend::GiveBack, now).remaining, requests);
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut window = Window::default();
        let at = |seconds: i64| Timestamp::from_micros(seconds * SECOND);
        assert!(window.spend(quota(1, 60), Spend::One, at(10_000)).is_allowed);
        assert_eq!(window.spend(quota(1, 60), Spend::One, at(0)).frees_in, Duration::from_secs(60));
        assert!(window.spend(quota(1, 60), Spend::One, at(60)).is_allowed);
    }
}
