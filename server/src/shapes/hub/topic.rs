//! One shape that somebody waits on.
//!
//! **Invariant:** everyone who waits on it from the same place gets the same page, made once.

use super::{Hub, index::TopicId, keys};
use crate::{
    config::Limits,
    db::{Commit, changes::Place},
    shapes::{
        log::{self, Page},
        shape::Shape,
    },
};
use domain::Value;
use std::{
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use tokio::sync::watch;

/// What one who waits is told.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// When the news was committed, where it is known.
    pub at: Option<Instant>,
}

/// One shape that somebody waits on.
pub struct Topic {
    id: TopicId,
    shape: Arc<Shape>,
    keys: Option<Vec<(usize, Value)>>,
    listeners: AtomicUsize,
    heard: watch::Sender<Heard>,
    /// The last page that was made: from where, up to which position.
    made: Mutex<Option<(Place, i64, Arc<Page>)>>,
}

impl Topic {
    pub(super) fn new(id: TopicId, shape: Arc<Shape>) -> Self {
        let (heard, _) = watch::channel(Heard { at: None });
        Self {
            id,
            keys: keys::of(&shape),
            shape,
            listeners: AtomicUsize::new(0),
            heard,
            made: Mutex::new(None),
        }
    }

    pub(super) fn id(&self) -> TopicId {
        self.id
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Values one of which every row of the shape has; none where there are no such values.
    pub(super) fn keys(&self) -> Option<&[(usize, Value)]> {
        self.keys.as_deref()
    }

    /// The hub's state is locked while this is called, and while [`Topic::nobody_left`] is.
    pub(super) fn join(self: Arc<Self>, hub: Hub) -> Listening {
        self.listeners.fetch_add(1, Ordering::Relaxed);
        let heard = self.heard.subscribe();
        Listening { hub, topic: self, heard }
    }

    pub(super) fn nobody_left(&self) -> bool {
        self.listeners.fetch_sub(1, Ordering::Relaxed) == 1
    }

    pub(super) fn tell(&self, heard: Heard) {
        self.heard.send_replace(heard);
    }

    pub(super) fn page(&self, from: Place, end: i64, commits: &[Arc<Commit>], limits: &Limits) -> Arc<Page> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, page)) = made.as_ref().filter(|(place, until, _)| (*place, *until) == (from, end)) {
            return Arc::clone(page);
        }
        let changes = commits.iter().flat_map(|commit| &commit.changes);
        let page = Arc::new(log::page_of(&self.shape, changes, limits, from, end));
        *made = Some((from, end, Arc::clone(&page)));
        page
    }
}

/// Somebody who waits on a topic, until it is dropped.
pub struct Listening {
    hub: Hub,
    topic: Arc<Topic>,
    heard: watch::Receiver<Heard>,
}

impl Listening {
    /// Completes when something was committed that concerns the shape, or may have been.
    pub async fn news(&mut self) -> Heard {
        match self.heard.changed().await {
            Ok(()) => *self.heard.borrow_and_update(),
            // The topic holds the sender, and we the topic.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Deref for Listening {
    type Target = Topic;
    fn deref(&self) -> &Topic {
        &self.topic
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.hub.leave(&self.topic);
    }
}
