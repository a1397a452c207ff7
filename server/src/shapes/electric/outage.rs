//! Whether Electric answers, and who has been told that it does not.
//!
//! **Invariant:** the log hears of an outage when it begins and when it ends, however many requests meet it.

use crate::metrics::{ElectricFailure, Metrics};
use std::{
    fmt::Display,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// Between two words about a crowd.
const SELDOM: Duration = Duration::from_secs(60);

/// What is known of Electric.
pub struct Outage {
    is_away: watch::Sender<bool>,
    crowded_at: Mutex<Option<Instant>>,
    metrics: Metrics,
}

impl Outage {
    /// Nothing is known yet, so nothing is wrong.
    pub fn new(metrics: Metrics) -> Self {
        metrics.electric_answers(true);
        Self {
            is_away: watch::Sender::new(false),
            crowded_at: Mutex::default(),
            metrics,
        }
    }

    /// Whether the last question was left without an answer.
    pub fn is_on(&self) -> bool {
        *self.is_away.borrow()
    }

    /// Completes when there is an outage.
    pub async fn begins(&self) {
        // The sender lives as long as we do.
        let _ = self.is_away.subscribe().wait_for(|is_away| *is_away).await;
    }

    /// There was no answer, or none of Electric's.
    pub fn met(&self, failure: ElectricFailure, why: &dyn Display) {
        self.metrics.electric_failed(failure);
        if !self.is_away.send_replace(true) {
            self.metrics.electric_answers(false);
            tracing::error!(%why, "Electric does not answer: shapes wait, writes go on");
        }
    }

    /// Electric, or we, have too much to do. It is there all the same.
    pub fn met_crowd(&self, why: &dyn Display) {
        self.metrics.electric_failed(ElectricFailure::Overloaded);
        let mut told_at = self.crowded_at.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.is_none_or(|at| at.elapsed() > SELDOM) {
            *told_at = Some(Instant::now());
            tracing::warn!(%why, "Electric has too much to do: some shapes wait");
        }
    }

    /// There was an answer.
    pub fn is_over(&self) {
        if self.is_away.send_replace(false) {
            self.metrics.electric_answers(true);
            tracing::info!("Electric answers again");
        }
    }
}
