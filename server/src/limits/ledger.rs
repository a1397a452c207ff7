//! Who keeps the counts.
//!
//! **Invariant:** every ledger answers the same to the same questions; one suite holds them to it.

use super::{
    quota::Quota,
    window::{Spend, Verdict},
};
use domain::Timestamp;

/// Keeps counts by key.
pub trait Ledger: Send + Sync {
    /// Spends from the count under `key`, in one step that no other can come between.
    fn spend(&self, key: &str, quota: Quota, spend: Spend, now: Timestamp) -> impl Future<Output = Result<Verdict, OutOfReach>> + Send;
}

/// The counts cannot be asked now.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OutOfReach(pub String);

/// What every ledger must do. Time is an argument, so the suite takes none.
#[cfg(test)]
pub mod conformance {
    use super::*;
    use std::time::Duration;

    /// Runs the suite on a ledger whose keys under `name` are unused.
    pub async fn holds(ledger: &impl Ledger, name: &str) {
        counts_and_forgets(ledger, &format!("{name}:count")).await;
        gives_back(ledger, &format!("{name}:back")).await;
        follows_the_rule(ledger, &format!("{name}:rule")).await;
        lets_no_two_through_at_once(ledger, &format!("{name}:race")).await;
    }

    fn at(millis: i64) -> Timestamp {
        // Far from zero, as real instants are: sixteen digits must go there and back.
        Timestamp::from_micros(1_795_000_000_000_001 + millis * 1_000)
    }

    fn quota(requests: u32, seconds: u64) -> Quota {
        Quota {
            requests,
            window: Duration::from_secs(seconds),
        }
    }

    async fn counts_and_forgets(ledger: &impl Ledger, key: &str) {
        for (millis, spend, expected) in [
            (0, Spend::Nothing, (true, 2, 0)),
            (0, Spend::One, (true, 1, 10_000)),
            (4_000, Spend::One, (true, 0, 6_000)),
            (4_000, Spend::One, (false, 0, 6_000)),
            (9_999, Spend::Nothing, (false, 0, 1)),
            (10_000, Spend::Nothing, (true, 1, 4_000)),
            (10_000, Spend::One, (true, 0, 4_000)),
            (24_000, Spend::Nothing, (true, 2, 0)),
        ] {
            let verdict = ledger.spend(key, quota(2, 10), spend, at(millis)).await.unwrap();
            let told = (verdict.is_allowed, verdict.remaining, verdict.frees_in.as_millis());
            assert_eq!(told, expected, "{spend:?} at {millis}");
        }
        assert!(
            ledger
                .spend(&format!("{key}:other"), quota(2, 10), Spend::One, at(4_000))
                .await
                .unwrap()
                .remaining
                == 1,
            "another key is another count"
        );
    }

    async fn gives_back(ledger: &impl Ledger, key: &str) {
        let spend = async |spend| ledger.spend(key, quota(1, 60), spend, at(0)).await.unwrap();
        assert_eq!(spend(Spend::GiveBack).await.remaining, 1, "nothing was taken");
        assert!(spend(Spend::One).await.is_allowed && !spend(Spend::One).await.is_allowed);
        assert_eq!(spend(Spend::GiveBack).await.remaining, 1);
        assert!(spend(Spend::One).await.is_allowed);
    }

    /// The pure rule, beside the ledger, over a random walk with a fixed seed.
    async fn follows_the_rule(ledger: &impl Ledger, key: &str) {
        let (mut rule, mut millis, mut state) = (super::super::window::Window::default(), 0, 1_u64);
        for step in 0..400 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            millis += (state >> 40) as i64 % 700;
            let spend = [Spend::One, Spend::One, Spend::One, Spend::Nothing, Spend::GiveBack][(state >> 33) as usize % 5];
            let expected = rule.spend(quota(5, 2), spend, at(millis));
            assert_eq!(ledger.spend(key, quota(5, 2), spend, at(millis)).await.unwrap(), expected, "step {step}");
        }
    }

    async fn lets_no_two_through_at_once(ledger: &impl Ledger, key: &str) {
        let asked = (0..50).map(|_| ledger.spend(key, quota(7, 60), Spend::One, at(0)));
        let answers = futures::future::join_all(asked).await;
        assert_eq!(answers.into_iter().filter(|answer| answer.as_ref().unwrap().is_allowed).count(), 7);
    }
}
