//! What every handler shares.
//!
//! **Invariant:** all of it is cheap to clone and safe to use from everywhere at once; no handler keeps anything of its own.

use crate::{
    auth::{KnownSessions, Passwords},
    config::Settings,
    db::Db,
    limits::Limiter,
    metrics::Metrics,
    shapes::{KnownShapes, electric::Electric, hub::Hub},
    uploads::Uploads,
    write::WriteQueue,
};
use std::{ops::Deref, sync::Arc};
use tokio::sync::watch;

/// What every handler can reach. Cheap to clone: thousands of waiting requests have one each.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of the [`App`].
pub struct Parts {
    /// Settings as read at the start.
    pub settings: Settings,
    /// The database.
    pub db: Db,
    /// Where live requests wait.
    pub hub: Hub,
    /// The line in which writes wait.
    pub writes: WriteQueue,
    /// Photos and papers.
    pub uploads: Uploads,
    /// Password hashing, a few at a time.
    pub passwords: Passwords,
    /// Sessions that were looked up a moment ago.
    pub sessions: KnownSessions,
    /// Shapes that somebody asked for.
    pub shapes: KnownShapes,
    /// How often somebody may ask.
    pub limiter: Limiter,
    /// What the operator watches.
    pub metrics: Metrics,
    /// Who answers for shapes instead of the built-in engine.
    pub electric: Option<Electric>,
    /// Becomes true when the server stops; whoever waits for news listens to it.
    pub stopping: watch::Receiver<bool>,
}

impl App {
    /// Puts it together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Completes when the server stops.
    pub async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        // A dropped sender means the same.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
