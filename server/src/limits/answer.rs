//! What the caller is told of a limit.
//!
//! In the form of the IETF's draft on rate-limit headers: `RateLimit-Policy: "writes";q=100;w=60` says what may be,
//! `RateLimit: "writes";r=97;t=42` what is left, and after how many seconds there is one more than that.
//!
//! **Invariant:** a refusal says when it is worth coming again, in whole seconds, never too early.

use super::{
    quota::{Budget, Quota},
    window::Verdict,
};
use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use protocol::{Problem, ProblemCode};
use std::time::Duration;

/// One budget's state, for headers and for a refusal.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Which budget.
    pub budget: Budget,
    /// What may be.
    pub quota: Quota,
    /// What is left.
    pub verdict: Verdict,
}

/// A budget is used up.
#[derive(Clone, Copy, Debug)]
pub struct Exceeded(pub Standing);

impl Standing {
    /// Adds what is left to an answer.
    pub fn tell(&self, response: &mut Response) {
        let (name, Quota { requests, window }) = (self.budget.name(), self.quota);
        let policy = format!("\"{name}\";q={requests};w={}", window.as_secs());
        let left = format!("\"{name}\";r={};t={}", self.verdict.remaining, whole_seconds(self.verdict.frees_in));
        for (header, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            // Names and digits.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(header), value);
            }
        }
    }
}

impl Exceeded {
    /// For a person.
    pub fn problem(&self) -> Problem {
        let seconds = self.retry_after_seconds();
        Problem::new(ProblemCode::RateLimited, format!("too many requests; try again in {seconds} s"))
    }

    fn retry_after_seconds(&self) -> u64 {
        whole_seconds(self.0.verdict.frees_in).max(1)
    }
}

impl IntoResponse for Exceeded {
    fn into_response(self) -> Response {
        let mut response = crate::problem::answer(self.problem());
        response.headers_mut().insert(header::RETRY_AFTER, self.retry_after_seconds().into());
        self.0.tell(&mut response);
        response
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_never_says_too_early() {
        let standing = |millis| Standing {
            budget: Budget::Writes,
            quota: Quota {
                requests: 100,
                window: Duration::from_secs(60),
            },
            verdict: Verdict {
                is_allowed: false,
                remaining: 0,
                frees_in: Duration::from_millis(millis),
            },
        };
        for (millis, seconds) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (59_999, "60")] {
            let response = Exceeded(standing(millis)).into_response();
            assert_eq!(
                (response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()),
                (429, seconds)
            );
        }
        let response = Exceeded(standing(1_500)).into_response();
        assert_eq!(response.headers()["ratelimit-policy"], "\"writes\";q=100;w=60");
        assert_eq!(response.headers()["ratelimit"], "\"writes\";r=0;t=2");
    }
}
