//! Who waits for news.
//!
//! **Invariant:** what is counted up is counted down when the waiting ends, however it ends.

use super::{Metrics, catalogue};
use metrics::gauge;

/// How somebody waits.
#[derive(Clone, Copy, Debug)]
pub enum Waiting {
    /// One live request of one shape.
    Request,
    /// The doorbell, for all shapes of its user.
    Doorbell,
}

/// Somebody waits, until this is dropped.
pub struct Listener {
    metrics: Metrics,
    waiting: Waiting,
}

impl Metrics {
    /// Somebody begins to wait.
    pub fn listen(&self, waiting: Waiting) -> Listener {
        self.record(|| gauge!(catalogue::LISTENERS, "kind" => waiting.name()).increment(1));
        Listener {
            metrics: self.clone(),
            waiting,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.metrics.record(|| gauge!(catalogue::LISTENERS, "kind" => self.waiting.name()).decrement(1));
    }
}

impl Waiting {
    const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Doorbell => "doorbell",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_for_as_long_as_it_waits() {
        let metrics = Metrics::new().unwrap();
        let shows = |line: &str| assert!(metrics.render().lines().any(|shown| shown == line), "{line}\n{}", metrics.render());
        let (doorbell, request) = (metrics.listen(Waiting::Doorbell), metrics.listen(Waiting::Request));
        shows("turns_live_listeners{kind=\"doorbell\"} 1");
        drop(doorbell);
        shows("turns_live_listeners{kind=\"doorbell\"} 0");
        shows("turns_live_listeners{kind=\"request\"} 1");
        drop(request);
        shows("turns_live_listeners{kind=\"request\"} 0");
    }
}
