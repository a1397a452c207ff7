//! What happened to a shape since a place in the log, page by page.
//!
//! **Invariant:** an offset given to a client never lies beyond a change that the client was not given.

use super::{
    message::{self, Body},
    shape::Shape,
};
use crate::{
    config::Limits,
    db::changes::{self, Place},
    problem::Result,
};
use protocol::ShapeMessage;
use sea_orm::ConnectionTrait;

/// How many log entries are read at once; most may be other people's.
const AT_ONCE: u64 = 1_000;

/// One page.
pub struct Page {
    /// Its messages.
    pub body: Body,
    /// Where to go on.
    pub next: Place,
    /// Whether it reaches the log's end.
    pub is_up_to_date: bool,
    /// Whether anything happened.
    pub has_data: bool,
}

/// The shape's changes after `from`, up to and with position `end`. `db` must see one state, at `end`.
pub async fn page(db: &impl ConnectionTrait, shape: &Shape, limits: &Limits, from: Place, end: i64) -> Result<Page> {
    let mut writer = Writer {
        body: Body::default(),
        held: None,
    };
    let mut read = from;
    loop {
        let changes = changes::after(db, shape.table, read, end, AT_ONCE).await?;
        let Some(last) = changes.last() else { break };
        read = last.place;
        for change in &changes {
            let Some(message) = message::change(shape, change) else { continue };
            if let Some(full_at) = writer.add(change.place, message, limits.page_bytes) {
                return Ok(Page {
                    body: writer.body,
                    next: full_at,
                    is_up_to_date: false,
                    has_data: true,
                });
            }
        }
    }
    Ok(writer.finish(from, end))
}

/// Holds one message back, to know whether it is its transaction's last in this shape.
struct Writer {
    body: Body,
    held: Option<(Place, ShapeMessage)>,
}

impl Writer {
    /// Takes a message in; gives the place of the last one written when the page is full without it.
    fn add(&mut self, place: Place, message: ShapeMessage, page_bytes: usize) -> Option<Place> {
        let (held_at, mut held) = self.held.replace((place, message))?;
        if held_at.position != place.position {
            held.headers.last = Some(true);
        }
        self.body.push(&held);
        (self.body.len() > page_bytes).then_some(held_at)
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
            body: self.body,
            next,
            is_up_to_date: true,
            has_data,
        }
    }
}
