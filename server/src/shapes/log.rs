//! What happened to a shape since a place in the log, page by page.
//!
//! **Invariant:** an offset given to a client never lies beyond a change that the client was not given.

use super::{
    message::{self, Body},
    shape::Shape,
};
use crate::{
    config::Limits,
    db::{
        Change,
        changes::{self, Place},
    },
    problem::Result,
};
use protocol::ShapeMessage;
use sea_orm::ConnectionTrait;
use std::sync::Arc;

/// How many log entries are read at once; most may be other people's.
const AT_ONCE: u64 = 1_000;

/// One page.
pub struct Page {
    /// Its messages.
    pub body: Arc<Body>,
    /// Where to go on.
    pub next: Place,
    /// Whether it reaches the log's end.
    pub is_up_to_date: bool,
    /// Whether anything happened.
    pub has_data: bool,
}

/// The shape's changes after `from`, up to and with position `end`. `db` must see one state, at `end`.
pub async fn page(db: &impl ConnectionTrait, shape: &Shape, limits: &Limits, from: Place, end: i64) -> Result<Page> {
    let mut writer = Writer::new(shape, limits);
    let mut read = from;
    loop {
        let changes = changes::after(db, shape.table, read, end, AT_ONCE).await?;
        let Some(last) = changes.last() else { break };
        read = last.place;
        if let Some(full_at) = changes.iter().find_map(|change| writer.add(change)) {
            return Ok(writer.fill(full_at));
        }
    }
    Ok(writer.finish(from, end))
}

/// The same from changes that are at hand: all after `from`, up to and with position `end`, and perhaps some before.
pub fn page_of<'a>(shape: &Shape, changes: impl Iterator<Item = &'a Change>, limits: &Limits, from: Place, end: i64) -> Page {
    let mut writer = Writer::new(shape, limits);
    let mut later = changes.filter(|change| change.place > from && change.table == shape.table);
    match later.find_map(|change| writer.add(change)) {
        Some(full_at) => writer.fill(full_at),
        None => writer.finish(from, end),
    }
}

/// Holds one message back, to know whether it is its transaction's last in this shape.
struct Writer<'a> {
    shape: &'a Shape,
    page_bytes: usize,
    body: Body,
    held: Option<(Place, ShapeMessage)>,
}

impl<'a> Writer<'a> {
    fn new(shape: &'a Shape, limits: &Limits) -> Self {
        Self {
            shape,
            page_bytes: limits.page_bytes,
            body: Body::default(),
            held: None,
        }
    }

    /// Takes a change in; gives the place of the last one written when the page is full without it.
    fn add(&mut self, change: &Change) -> Option<Place> {
        let message = message::change(self.shape, change)?;
        let (held_at, mut held) = self.held.replace((change.place, message))?;
        if held_at.position != change.place.position {
            held.headers.last = Some(true);
        }
        self.body.push(&held);
        (self.body.len() > self.page_bytes).then_some(held_at)
    }

    /// A page after which there is more.
    fn fill(self, full_at: Place) -> Page {
        Page {
            body: Arc::new(self.body),
            next: full_at,
            is_up_to_date: false,
            has_data: true,
        }
    }

    fn finish(mut self, from: Place, end: i64) -> Page {
        let mut next = from;
        let has_data = self.held.is_some();
        if let Some((place, mut message)) = self.held {
            message.headers.last = Some(true);
            self.body.push(&message);
            next = place;
        }
        // Other people's changes are passed over for good, so that a quiet shape does not fall behind the log's beginning.
        if next.position < end {
            next = Place::end_of(end);
        }
        self.body.push_up_to_date(end);
        Page {
            body: Arc::new(self.body),
            next,
            is_up_to_date: true,
            has_data,
        }
    }
}
