//! What every handler shares.
//!
//! **Invariant:** all of it is cheap to clone and safe to use from everywhere at once; no handler keeps anything of its own.

use crate::{auth::Passwords, config::Settings, db::Db, limits::Limiter, metrics::Metrics, uploads::Uploads, write::WriteQueue};
use domain::UserId;
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Settings as read at the start.
    pub settings: Arc<Settings>,
    /// The database.
    pub db: Db,
    /// The line in which writes wait.
    pub writes: WriteQueue,
    /// Photos and papers.
    pub uploads: Uploads,
    /// Password hashing, a few at a time.
    pub passwords: Passwords,
    /// How often somebody may ask.
    pub limiter: Limiter,
    /// What the operator watches.
    pub metrics: Metrics,
    /// Tells whose sessions have ended or changed; what waits on behalf of that person looks its session up again.
    pub sessions_changed: broadcast::Sender<UserId>,
    /// Becomes true when the server stops; whoever waits for news listens to it.
    pub stopping: watch::Receiver<bool>,
}

impl App {
    /// Completes when the server stops.
    pub async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        // A dropped sender means the same.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }
}
