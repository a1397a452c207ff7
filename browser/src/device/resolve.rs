//! What a person does with writes that wait or were refused, and what they can look at.
//!
//! **Invariant:** a decision is worked out on what is stored in this user's session, and stored only if nobody has amended it meanwhile.

use super::{Inner, News};
use crate::{channel::Signal, runs::WokenBy, store::StoreError};
use domain::{Row, UserId, WriteId};
use serde_json::Value as Json;
use std::rc::Rc;
use sync::{
    Amendment, OutboxRecord, Store, Stored,
    outbox::{drain::own_records, resolve::newest},
};

/// The drainer amends too, a few times per request; nobody loses this race so often.
const MOST_TRIES: usize = 8;

impl Inner {
    /// Stores what `decide` makes of this user's records, and has the rest sent. Says whether it made anything of them.
    pub(super) async fn resolve(self: &Rc<Self>, decide: impl Fn(&[OutboxRecord]) -> Vec<OutboxRecord>) -> bool {
        self.resolve_for(WokenBy::Tap, decide).await
    }

    pub(super) async fn resolve_for(self: &Rc<Self>, why: WokenBy, decide: impl Fn(&[OutboxRecord]) -> Vec<OutboxRecord>) -> bool {
        let Some(user) = self.user_id() else { return false };
        let is_decided = self.try_resolve(user, decide).await.unwrap_or_else(|error| {
            // With somebody else signed in there is nothing to decide about: the page is theirs in a moment.
            if !matches!(error, StoreError::NotOurs) {
                self.tell(News::StorageFailed(error.to_string()));
            }
            false
        });
        self.channel.tell(&Signal::OutboxChanged);
        self.reload_outbox().await;
        self.beat(why);
        is_decided
    }

    /// The same about one write, beside the newest that is known of its row: what its author has looked at.
    pub(super) async fn decide(self: &Rc<Self>, id: WriteId, decide: impl Fn(&[OutboxRecord], Option<&Row>) -> Vec<OutboxRecord>) -> bool {
        let server = {
            let view = self.view.borrow();
            view.write(id).and_then(|record| newest(record, view.synced_row(record.table, record.row_id)))
        };
        self.resolve(|records| decide(records, server.as_ref())).await
    }

    async fn try_resolve(&self, user: UserId, decide: impl Fn(&[OutboxRecord]) -> Vec<OutboxRecord>) -> Result<bool, StoreError> {
        for _ in 0..MOST_TRIES {
            let decided: Vec<Amendment> = decide(&own_records(&self.store.on_behalf_of(user), user).await?)
                .into_iter()
                .map(Amendment::of)
                .collect();
            if decided.is_empty() {
                return Ok(false);
            }
            if self.store.amend(decided).await? {
                return Ok(true);
            }
        }
        Err(StoreError::Browser("the change is being sent at this moment: try again".to_owned()))
    }

    pub(super) async fn unreadable(&self) -> Vec<(String, Json)> {
        let Some(user) = self.user_id() else { return Vec::new() };
        let stored = self.stored_or_told(self.store.outbox().await);
        // An envelope that does not say whose it is may be this user's.
        let may_be_theirs = |raw: &Json| raw.get("userId").and_then(Json::as_str).is_none_or(|owner| owner == user.to_string());
        stored
            .into_iter()
            .filter_map(|stored| match stored {
                Stored::Unreadable { raw, reason } if may_be_theirs(&raw) => Some((reason, raw)),
                _ => None,
            })
            .collect()
    }

    pub(super) async fn history(&self, most: usize) -> Vec<OutboxRecord> {
        let user = self.user_id();
        // Others' history on the same tablet is passed over, so all of it is looked through.
        let history = self.stored_or_told(self.store.history(usize::MAX).await);
        history.into_iter().filter(|record| Some(record.user_id) == user).take(most).collect()
    }

    fn stored_or_told<T>(&self, read: Result<Vec<T>, StoreError>) -> Vec<T> {
        read.unwrap_or_else(|error| {
            self.tell(News::StorageFailed(error.to_string()));
            Vec::new()
        })
    }
}
