//! Real Electric in place of the built-in engine (`ELECTRIC_URL`): we say who sees what, Electric keeps the shapes.
//!
//! Read it in this order: [`follow`](follow()), [`question`] and [`condition`] (what Electric is asked), [`wire`] (connections),
//! [`verdict`] (what an answer is), [`reply`], [`body`] and [`tail`] (how it goes on to the client), [`outage`].
//!
//! Writes know nothing of it: they go to the database, which Electric follows by itself. The doorbell stays ours, and may ring before
//! Electric has the change: so a device asks live after a ring, and hears each ring once more ([`echo`]).
//!
//! **Invariant:** a client learns no more through Electric than from the built-in engine, and never where Electric is or by which secret.

mod body;
mod condition;
pub mod echo;
mod follow;
mod outage;
mod question;
mod reply;
mod tail;
mod verdict;
mod wire;

pub use follow::follow;

use crate::{
    app::App,
    config::ElectricSettings,
    metrics::{ElectricFailure, Metrics},
};
use anyhow::Context;
use axum::http::HeaderMap;
use outage::Outage;
use question::Question;
use std::sync::Arc;
use verdict::Verdict;
use wire::{Silence, Wire};

/// One Electric. Cheap to clone.
#[derive(Clone)]
pub struct Electric {
    settings: Arc<ElectricSettings>,
    wire: Arc<Wire>,
    outage: Arc<Outage>,
    metrics: Metrics,
}

impl Electric {
    /// Nothing is asked yet.
    pub fn new(settings: &ElectricSettings, metrics: Metrics) -> anyhow::Result<Self> {
        Ok(Self {
            wire: Arc::new(Wire::new(settings).with_context(|| format!("cannot speak with Electric at {}", settings.url))?),
            outage: Arc::new(Outage::new(metrics.clone())),
            settings: Arc::new(settings.clone()),
            metrics,
        })
    }

    /// Whether the last question was left without an answer.
    pub fn is_away(&self) -> bool {
        self.outage.is_on()
    }

    /// Asks, and notes what the answer says of Electric.
    async fn ask(&self, question: &Question, headers: HeaderMap) -> Verdict {
        let verdict = match self.wire.ask(question.address(&self.settings), headers).await {
            Ok(answered) => {
                if answered.was_resent {
                    self.metrics.electric_asked_again();
                }
                Verdict::on(answered, self.settings.connect).await
            }
            Err(silence @ Silence::Crowded) => Verdict::Busy(silence.to_string(), None),
            Err(silence) => Verdict::None(ElectricFailure::Unreachable, silence.to_string(), None),
        };
        match &verdict {
            Verdict::Answer(_) | Verdict::ClientsFault(_) => self.outage.is_over(),
            Verdict::OurFault(said) => {
                self.outage.is_over();
                tracing::error!(said, ?question, "Electric refused what it was asked");
            }
            Verdict::Busy(why, _) => self.outage.met_crowd(why),
            Verdict::None(failure, why, _) => self.outage.met(*failure, why),
        }
        verdict
    }
}

/// Asks once at the start, so that a wrong setting is in the log before anybody waits for rows; then while Electric is away, until it is back.
pub async fn watch(app: App, electric: Electric) {
    let question = Question::to_see();
    loop {
        tokio::select! {
            _ = electric.ask(&question, HeaderMap::new()) => {}
            () = app.stopped() => return,
        }
        let away = async {
            electric.outage.begins().await;
            tokio::time::sleep(electric.settings.look_again).await;
        };
        tokio::select! {
            () = away => {}
            () = app.stopped() => return,
        }
    }
}
