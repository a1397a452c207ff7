//! Who waits for news, and on which shapes.
//!
//! **Invariant:** what is counted up is counted down when the waiting ends, however it ends.

use super::{Metrics, catalogue};
use metrics::gauge;
use std::collections::HashMap;

/// How many wait on each shape, by handle.
#[derive(Default)]
pub struct Listeners(HashMap<String, usize>);

/// How somebody waits.
#[derive(Clone, Copy, Debug)]
pub enum Waiting {
    /// One live request of one shape.
    Request,
    /// The doorbell, for all shapes of its user.
    Doorbell,
}

/// Somebody waits, until this is dropped.
pub struct Listening {
    metrics: Metrics,
    waiting: Waiting,
    handles: Vec<String>,
}

impl Metrics {
    /// Somebody begins to wait on these shapes.
    pub fn listen(&self, waiting: Waiting, handles: impl IntoIterator<Item = String>) -> Listening {
        let handles: Vec<String> = handles.into_iter().collect();
        let mut listeners = self.listeners();
        for handle in &handles {
            *listeners.0.entry(handle.clone()).or_default() += 1;
        }
        self.record(|| {
            gauge!(catalogue::LISTENERS, "kind" => waiting.name()).increment(1);
            gauge!(catalogue::ACTIVE_SHAPES).set(listeners.0.len() as f64);
        });
        drop(listeners);
        Listening {
            metrics: self.clone(),
            waiting,
            handles,
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut listeners = self.metrics.listeners();
        for handle in &self.handles {
            if let Some(count) = listeners.0.get_mut(handle) {
                *count -= 1;
                if *count == 0 {
                    listeners.0.remove(handle);
                }
            }
        }
        self.metrics.record(|| {
            gauge!(catalogue::LISTENERS, "kind" => self.waiting.name()).decrement(1);
            gauge!(catalogue::ACTIVE_SHAPES).set(listeners.0.len() as f64);
        });
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
    fn shapes_are_counted_once_and_for_as_long_as_somebody_waits() {
        let metrics = Metrics::new().unwrap();
        let shows = |line: &str| assert!(metrics.render().lines().any(|shown| shown == line), "{line}\n{}", metrics.render());
        let doorbell = metrics.listen(Waiting::Doorbell, ["a", "b"].map(str::to_owned));
        let request = metrics.listen(Waiting::Request, ["b".to_owned()]);
        shows("turns_active_shapes 2");
        drop(doorbell);
        shows("turns_active_shapes 1");
        shows("turns_live_listeners{kind=\"doorbell\"} 0");
        shows("turns_live_listeners{kind=\"request\"} 1");
        drop(request);
        shows("turns_active_shapes 0");
    }
}
