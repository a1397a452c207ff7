//! Where live requests wait, and how news reach those that they concern and no others.
//!
//! Whoever waits on the same shape waits on one [`Topic`]; the [`index`] finds the topics that a change may concern by the values
//! in its row. What was committed lately is kept in the [`tail`], so that those who are woken need not ask the database.
//!
//! **Invariant:** a topic is there only while somebody waits on it; forgetting all of this loses no news, only time.

mod index;
mod keys;
mod tail;
mod topic;

#[cfg(test)]
mod tests;

pub use topic::{Heard, Listening, Topic};

use super::{
    log::{self, Page},
    message,
    offset::Offset,
    shape::Shape,
};
use crate::{
    config::Limits,
    db::{Commit, Db},
};
use index::{Index, TopicId};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tail::Tail;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Where live requests wait. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Mutex<State>>);

struct State {
    tail: Tail,
    index: Index,
    topics: HashMap<TopicId, Arc<Topic>>,
    ids: HashMap<Arc<str>, TopicId>,
    last_id: TopicId,
}

impl Hub {
    /// Passes on what is committed from now on.
    pub fn listen(db: &Db) -> Self {
        // Listening before asking how far the news have got: a commit between the two is heard twice rather than never.
        let commits = db.commits();
        let hub = Self(Arc::new(Mutex::new(State {
            tail: Tail::after(db.told_until()),
            index: Index::default(),
            topics: HashMap::new(),
            ids: HashMap::new(),
            last_id: TopicId(0),
        })));
        tokio::spawn(hub.clone().pass_on(commits));
        hub
    }

    async fn pass_on(self, mut commits: Receiver<Arc<Commit>>) {
        loop {
            match commits.recv().await {
                Ok(commit) => self.hear(commit),
                // The next one shows that some are missing.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Waits on a shape from now on: what is heard from here is either in the next look or wakes.
    pub fn join(&self, shape: &Arc<Shape>) -> Listening {
        let mut state = self.state();
        let topic = match state.ids.get(&shape.handle) {
            Some(id) => Arc::clone(&state.topics[id]),
            None => state.open(shape),
        };
        topic.join(self.clone())
    }

    /// What happened to a shape since a place, where that is not longer ago than the tail reaches and the tail reaches `until`.
    pub fn recent(&self, shape: &Arc<Shape>, from: Offset, until: i64, limits: &Limits) -> Option<Arc<Page>> {
        let Offset::Log(place) = from else { return None };
        let state = self.state();
        let (commits, end) = state.tail.since(place).filter(|(_, end)| *end >= until)?;
        let topic = state.ids.get(&shape.handle).and_then(|id| state.topics.get(id)).cloned();
        drop(state);
        Some(match topic {
            Some(topic) => topic.page(place, end, &commits, limits),
            None => Arc::new(log::page_of(shape, commits.iter().flat_map(|commit| &commit.changes), limits, place, end)),
        })
    }

    /// How many shapes somebody waits on.
    pub fn topics(&self) -> usize {
        self.state().topics.len()
    }

    /// Takes a commit in and wakes whom it concerns.
    fn hear(&self, commit: Arc<Commit>) {
        let mut state = self.state();
        let concerned = if state.tail.push(&commit) {
            state.concerned(&commit)
        } else {
            state.everybody()
        };
        drop(state);
        let heard = Heard { at: Some(commit.at) };
        for topic in concerned {
            topic.tell(heard);
        }
    }

    fn leave(&self, topic: &Topic) {
        let mut state = self.state();
        if topic.nobody_left() {
            state.close(topic);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn open(&mut self, shape: &Arc<Shape>) -> Arc<Topic> {
        self.last_id = self.last_id.next();
        let id = self.last_id;
        let topic = Arc::new(Topic::new(id, Arc::clone(shape)));
        self.index.insert(id, shape.table, topic.keys());
        self.ids.insert(Arc::clone(&shape.handle), id);
        self.topics.insert(id, Arc::clone(&topic));
        topic
    }

    fn close(&mut self, topic: &Topic) {
        if self.topics.remove(&topic.id()).is_some() {
            self.ids.remove(&topic.shape().handle);
            self.index.remove(topic.id(), topic.shape().table, topic.keys());
        }
    }

    fn concerned(&self, commit: &Commit) -> Vec<Arc<Topic>> {
        let mut found = BTreeSet::new();
        for change in &commit.changes {
            for id in self.index.candidates(change) {
                let is_new = !found.contains(&id);
                if is_new && self.topics.get(&id).is_some_and(|topic| message::is_told(topic.shape(), change)) {
                    found.insert(id);
                }
            }
        }
        found.iter().filter_map(|id| self.topics.get(id).cloned()).collect()
    }

    fn everybody(&self) -> Vec<Arc<Topic>> {
        self.topics.values().cloned().collect()
    }
}
