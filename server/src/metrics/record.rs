//! What the rest of the server tells: one method per thing that happens.
//!
//! **Invariant:** telling is cheap and never fails; nothing waits for a figure.

use super::{Metrics, catalogue};
use crate::limits::Budget;
use domain::{Table, Timestamp};
use metrics::{counter, histogram};
use std::time::Duration;

impl Metrics {
    /// A request was answered. `route` is the template, never the path; `took` none where the caller wanted to wait.
    pub fn answered(&self, method: &'static str, route: &str, status: u16, took: Option<Duration>) {
        let route = route.to_owned();
        self.record(|| {
            counter!(catalogue::HTTP_REQUESTS, "method" => method, "route" => route.clone(), "status" => status.to_string()).increment(1);
            if let Some(took) = took {
                histogram!(catalogue::HTTP_SECONDS, "method" => method, "route" => route).record(took);
            }
        });
    }

    /// A shape's page left, with a body of so many bytes.
    pub fn shape_sent(&self, table: Table, bytes: usize) {
        self.record(|| counter!(catalogue::SHAPE_BYTES, "table" => table.sql_name()).increment(bytes as u64));
    }

    /// News reached somebody who waited, so long after their commit.
    pub fn delivered(&self, since_commit: Duration) {
        self.record(|| histogram!(catalogue::SYNC_SECONDS).record(since_commit));
    }

    /// A limit refused a request.
    pub fn rate_limited(&self, budget: Budget) {
        self.record(|| counter!(catalogue::RATE_LIMITED, "budget" => budget.name()).increment(1));
    }

    /// Somebody did not get in.
    pub fn sign_in_failed(&self) {
        self.record(|| counter!(catalogue::SIGN_IN_FAILURES).increment(1));
    }

    /// A device said how many writes it still has to send.
    pub fn device_has_pending(&self, session: &str, writes: u32, at: Timestamp) {
        self.pending().note(session, writes, at);
    }
}
