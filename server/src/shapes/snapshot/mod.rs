//! The rows of a shape as they stood at one position of the log, page by page.
//!
//! Pages are read at different times, and rows change in between. Each page is therefore taken back to the
//! snapshot's position with the log's own old rows.
//!
//! **Invariant:** all pages together are the shape at one position; the log from there on is everything since.

mod past;
mod text;

use super::{
    clause,
    message::{self, Body},
    offset::Offset,
    shape::Shape,
};
use crate::{
    config::Limits,
    db::{
        changes::Place,
        rows::{self, Packed},
    },
    problem::{Failure, Result},
};
use domain::{Row, RowId};
use past::Past;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, sea_query::Cond};
use std::{collections::BTreeMap, sync::Arc};
use text::RowText;

/// The most rows that are read at once: while they are written as messages, the next are read.
const MOST_AT_ONCE: u64 = 1_000;
/// What a row is about as long as.
const ROW_BYTES: u64 = 1_024;

/// One page.
pub struct Page {
    /// Its messages.
    pub body: Arc<Body>,
    /// Where to go on: in the snapshot, or after it in the log.
    pub next: Offset,
}

/// Some rows of a page.
struct Piece {
    /// Messages with commas between them, being written beside whatever else is done.
    text: Text,
    /// How long that is, about.
    bytes: usize,
    /// How many rows were read.
    read: u64,
    /// The last id that was read; none where that was the end of the table.
    last: Option<RowId>,
}

enum Text {
    Written(Vec<String>),
    Coming(tokio::task::JoinHandle<Result<String, DbErr>>),
}

/// What is read.
struct Reading<'a, C> {
    /// Sees one state.
    db: &'a C,
    shape: &'a Shape,
    text: Arc<RowText>,
    past: Past,
    at_once: u64,
}

/// The rows after `after`, as they stood at `position`. `db` must see one state, at `end`.
pub async fn page(db: &impl ConnectionTrait, shape: &Shape, limits: &Limits, position: i64, end: i64, mut after: Option<RowId>) -> Result<Page> {
    let reading = Reading {
        db,
        shape,
        text: Arc::new(RowText::of(shape)),
        past: Past::read(db, shape, position, end).await?,
        at_once: at_once(limits),
    };
    let (mut pieces, mut bytes, mut read) = (vec![], 0, 0);
    let last = loop {
        let piece = reading.piece(after).await?;
        (bytes, read, after) = (bytes + piece.bytes, read + piece.read, piece.last);
        pieces.push(piece.text);
        if after.is_none() || bytes > limits.page_bytes || read >= limits.page_rows {
            break after;
        }
    };
    let mut body = Body::default();
    for piece in pieces {
        piece.add_to(&mut body).await?;
    }
    let next = match last {
        Some(last) => Offset::Snapshot { position, last },
        None => {
            body.push_snapshot_end(position);
            Offset::Log(Place::end_of(position))
        }
    };
    Ok(Page { body: Arc::new(body), next })
}

/// A snapshot that is one piece, read with one statement; none where the shape may be larger, or where the database
/// does not see it as we do.
pub async fn small(db: &impl ConnectionTrait, shape: &Shape, limits: &Limits) -> Result<Option<Page>> {
    let backend = db.get_database_backend();
    if !is_told_by_database(backend, shape) {
        return Ok(None);
    }
    let text = RowText::of(shape);
    let packed = rows::packed_whole(db, shape.table, &text.columns, &shape.filter, wanted(backend, shape), at_once(limits)).await?;
    let Some(packed) = packed else { return Ok(None) };
    let mut body = Body::default();
    if packed.count() > 0 {
        body.push_text(text.write(&packed)?);
    }
    body.push_snapshot_end(packed.end());
    let next = Offset::Log(Place::end_of(packed.end()));
    Ok(Some(Page { body: Arc::new(body), next }))
}

/// The snapshot of a shape that has none: its end.
pub fn none(position: i64) -> Page {
    let mut body = Body::default();
    body.push_snapshot_end(position);
    Page {
        body: Arc::new(body),
        next: Offset::Log(Place::end_of(position)),
    }
}

impl<C: ConnectionTrait> Reading<'_, C> {
    /// The next rows.
    async fn piece(&self, after: Option<RowId>) -> Result<Piece> {
        if self.is_told_by_database() {
            let packed = rows::packed(
                self.db,
                self.shape.table,
                &self.text.columns,
                &self.shape.filter,
                self.wanted(),
                after,
                self.at_once,
            )
            .await?;
            let last = packed.last().filter(|_| packed.count() == self.at_once);
            if self.past.between(after, last).next().is_none() {
                return Ok(self.as_packed(packed, last));
            }
        }
        self.as_they_were(after).await
    }

    /// Rows of which none has changed since.
    fn as_packed(&self, packed: Packed, last: Option<RowId>) -> Piece {
        let text = Arc::clone(&self.text);
        Piece {
            bytes: text.bytes(&packed),
            read: packed.count(),
            last,
            text: Text::Coming(tokio::task::spawn_blocking(move || text.write(&packed))),
        }
    }

    async fn as_they_were(&self, after: Option<RowId>) -> Result<Piece> {
        let now = rows::page_where(self.db, self.shape.table, &self.shape.filter, self.wanted(), after, self.at_once).await?;
        let read = now.len() as u64;
        let last = (read == self.at_once).then(|| now.last().map(Row::id)).flatten();
        let held = now.into_iter().filter(|row| self.shape.holds(row));
        let mut rows: BTreeMap<RowId, Row> = held.map(|row| (row.id(), row)).collect();
        for (id, old) in self.past.between(after, last) {
            match old.filter(|row| self.shape.holds(row)) {
                Some(old) => rows.insert(id, old.clone()),
                None => rows.remove(&id),
            };
        }
        let messages = rows.values().map(|row| message::text(&message::snapshot_row(self.shape, row)));
        let messages: Vec<String> = messages.collect();
        Ok(Piece {
            bytes: messages.iter().map(String::len).sum(),
            read,
            last,
            text: Text::Written(messages),
        })
    }

    fn is_told_by_database(&self) -> bool {
        is_told_by_database(self.db.get_database_backend(), self.shape)
    }

    fn wanted(&self) -> Cond {
        wanted(self.db.get_database_backend(), self.shape)
    }
}

fn at_once(limits: &Limits) -> u64 {
    (limits.page_bytes as u64 / ROW_BYTES).clamp(1, MOST_AT_ONCE).min(limits.page_rows)
}

/// Whether the database sees the shape as we do.
fn is_told_by_database(backend: DbBackend, shape: &Shape) -> bool {
    let is_exact = |clause| clause::is_exact(backend, shape.table, clause);
    shape.clause.as_ref().is_none_or(is_exact)
}

/// What the shape's clause spares the database.
fn wanted(backend: DbBackend, shape: &Shape) -> Cond {
    let condition = |clause| clause::condition(backend, shape.table, clause);
    shape.clause.as_ref().map_or_else(Cond::all, condition)
}

impl Text {
    async fn add_to(self, body: &mut Body) -> Result<()> {
        match self {
            Self::Written(messages) => messages.into_iter().for_each(|message| body.push_text(message)),
            Self::Coming(writing) => {
                let text = writing.await.map_err(|error| Failure::from(DbErr::Custom(error.to_string())))??;
                if !text.is_empty() {
                    body.push_text(text);
                }
            }
        }
        Ok(())
    }
}
