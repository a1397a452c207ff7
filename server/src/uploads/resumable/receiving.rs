//! Who is receiving which upload just now.
//!
//! A tablet that loses its signal comes back on a new line while this server still listens on the old one. Asking for the
//! progress ends the old one, so that nobody waits for a silence to be noticed.
//!
//! **Invariant:** one request at a time writes to an upload.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The uploads that are being received. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Receiving(Arc<Mutex<HashMap<Uuid, Signals>>>);

#[derive(Clone, Debug, Default)]
struct Signals {
    stop: CancellationToken,
    ended: CancellationToken,
}

/// The right to write to an upload, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    id: Uuid,
    signals: Signals,
    receiving: Receiving,
}

impl Receiving {
    /// Takes the turn; `None` while another request has it.
    pub fn begin(&self, id: Uuid) -> Option<Turn> {
        let mut running = self.running();
        if running.contains_key(&id) {
            return None;
        }
        let signals = Signals::default();
        running.insert(id, signals.clone());
        Some(Turn {
            id,
            signals,
            receiving: self.clone(),
        })
    }

    /// Asks whoever has the turn to stop, and waits until it has.
    pub async fn interrupt(&self, id: Uuid) {
        let running = self.running().get(&id).cloned();
        if let Some(signals) = running {
            signals.stop.cancel();
            signals.ended.cancelled().await;
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Uuid, Signals>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Completes when somebody else wants the turn.
    pub async fn interrupted(&self) {
        self.signals.stop.cancelled().await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.receiving.running().remove(&self.id);
        self.signals.ended.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_is_one_requests_until_it_is_asked_to_end() {
        let (receiving, id) = (Receiving::default(), Uuid::from_u128(1));
        let turn = receiving.begin(id).unwrap();
        assert!(receiving.begin(id).is_none() && receiving.begin(Uuid::from_u128(2)).is_some());
        let ends = tokio::spawn(async move {
            turn.interrupted().await;
        });
        receiving.interrupt(id).await;
        ends.await.unwrap();
        assert!(receiving.begin(id).is_some());
        // Nobody has it: nothing to wait for.
        receiving.interrupt(id).await;
    }
}
