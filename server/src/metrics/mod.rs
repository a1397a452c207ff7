//! What the operator watches, as Prometheus reads it from `GET /metrics`.
//!
//! A server has its own recorder: several in one process (tests) do not mix their figures. [`catalogue`] names every figure,
//! [`record`] is how the rest of the server tells of what happens, [`listeners`] and [`pending`] hold what a counter cannot,
//! [`database`] asks the pools when somebody looks, [`handlers`] answers.
//!
//! **Invariant:** labels are tables, routes, codes and the like, of which there are few. Nothing that a caller chooses, and nothing
//! of a person, is ever a label.

mod catalogue;
mod database;
mod electric;
mod handlers;
mod listeners;
mod pending;
mod record;
mod writes;

pub use electric::ElectricFailure;
pub use handlers::routes;
pub use listeners::Waiting;

use metrics::with_local_recorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use pending::Pending;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How often what histograms have gathered is folded together, whether anybody looks or not.
pub const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// One server's figures. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Figures>);

struct Figures {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    pending: Mutex<Pending>,
}

impl Metrics {
    /// With every figure described and the countable ones at zero.
    pub fn new() -> anyhow::Result<Self> {
        let recorder = PrometheusBuilder::new().set_buckets(&catalogue::SECONDS)?.build_recorder();
        let figures = Self(Arc::new(Figures {
            handle: recorder.handle(),
            recorder,
            pending: Mutex::default(),
        }));
        figures.record(catalogue::describe);
        Ok(figures)
    }

    /// Keeps memory bounded between two looks.
    pub fn upkeep(&self) {
        self.0.handle.run_upkeep();
    }

    /// Runs `metrics`' macros against this server's recorder.
    fn record(&self, record: impl FnOnce()) {
        with_local_recorder(&self.0.recorder, record);
    }

    fn render(&self) -> String {
        self.0.handle.render()
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.0.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
