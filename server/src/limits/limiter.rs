//! The limits as the rest of the server uses them.
//!
//! **Invariant:** asking never fails. Without Redis, or while it is out of reach, each server counts for itself.

use super::{
    ledger::Ledger,
    memory::Memory,
    quota::{Budget, Quota, RateLimits},
    shared::Shared,
    window::{Spend, Verdict, micros},
};
use anyhow::Context;
use domain::Timestamp;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// After Redis has failed it is left alone for so long; every request would wait for it otherwise.
const LEAVE_ALONE: Duration = Duration::from_secs(5);
const IN_REACH: i64 = i64::MIN;

/// Counts requests and says which may be. Cheap to clone.
#[derive(Clone)]
pub struct Limiter(Arc<Ledgers>);

struct Ledgers {
    limits: RateLimits,
    memory: Memory,
    shared: Option<Shared>,
    /// When Redis may be asked again, in microseconds since 1970; [`IN_REACH`] while it answers.
    ask_again_at: AtomicI64,
}

impl Limiter {
    /// With these limits, shared through Redis where there is one.
    pub fn new(limits: RateLimits, redis_url: Option<&str>) -> anyhow::Result<Self> {
        let shared = redis_url.map(Shared::new).transpose().context("cannot use REDIS_URL")?;
        Ok(Self(Arc::new(Ledgers {
            limits,
            memory: Memory::default(),
            shared,
            ask_again_at: AtomicI64::new(IN_REACH),
        })))
    }

    /// Spends from one count of a budget; none where its limit is lifted.
    pub async fn spend(&self, budget: Budget, whose: &str, spend: Spend, now: Timestamp) -> Option<(Quota, Verdict)> {
        let quota = self.0.limits.quota(budget)?;
        let key = format!("{}:{whose}", budget.name());
        let shared = match &self.0.shared {
            // Boxed: without Redis no request carries the room for it along.
            Some(shared) => Box::pin(self.0.ask(shared, &key, quota, spend, now)).await,
            None => None,
        };
        let verdict = match shared {
            Some(verdict) => verdict,
            // Memory is always in reach.
            None => self.0.memory.spend(&key, quota, spend, now).await.ok()?,
        };
        Some((quota, verdict))
    }
}

impl Ledgers {
    async fn ask(&self, shared: &Shared, key: &str, quota: Quota, spend: Spend, now: Timestamp) -> Option<Verdict> {
        if self.ask_again_at.load(Ordering::Relaxed) > now.micros() {
            return None;
        }
        let answered = shared.spend(key, quota, spend, now).await;
        let ask_again_at = if answered.is_ok() { IN_REACH } else { now.micros() + micros(LEAVE_ALONE) };
        let was_in_reach = self.ask_again_at.swap(ask_again_at, Ordering::Relaxed) == IN_REACH;
        match answered {
            Ok(verdict) => {
                if !was_in_reach {
                    tracing::info!("Redis answers again: limits are shared between servers");
                }
                Some(verdict)
            }
            Err(error) => {
                if was_in_reach {
                    tracing::warn!(%error, "Redis is out of reach: until it is back this server counts requests for itself");
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
