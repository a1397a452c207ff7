//! What a shape's follower finds: in memory, at the standby or in the database, whichever is the cheapest that is right.
//!
//! **Invariant:** every answer is read from one state of the database, and its offset is that state's.

use super::{
    answer::{self, Answer},
    log::{self, Page},
    offset::Offset,
    request::Request,
    shape::Shape,
    snapshot,
};
use crate::{
    app::App,
    clock,
    db::{changes::Place, counters},
    problem::Result,
};
use domain::RowId;
use sea_orm::ConnectionTrait;
use std::sync::Arc;

/// One question: what a shape holds from a place on.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub app: &'a App,
    pub shape: &'a Arc<Shape>,
    pub request: &'a Request,
}

impl Reading<'_> {
    /// What there is now; `None` where the place is gone.
    pub async fn now(self) -> Result<Option<Answer>> {
        if matches!(self.request.offset, Offset::Log(_)) {
            let end = counters::current(self.app.db.readers(), counters::CHANGE_POSITION).await?;
            if let Some(answer) = self.recent(end) {
                return Ok(Some(answer));
            }
        }
        self.stored().await
    }

    /// What there is up to a position at least, without asking the database; `None` where only that knows.
    pub fn recent(self, until: i64) -> Option<Answer> {
        let page = self.app.hub.recent(self.shape, self.request.offset, until, &self.app.settings.limits)?;
        Some(self.of_log(&page))
    }

    /// What the database has; `None` where the place is gone.
    pub async fn stored(self) -> Result<Option<Answer>> {
        if let Some(answer) = self.small().await {
            return Ok(Some(answer));
        }
        if let Some(answer) = self.at_standby().await {
            return Ok(Some(answer));
        }
        let db = self.app.db.snapshot().await?;
        let ends = counters::ends_of_log(&db).await?;
        self.at(&db, ends).await
    }

    /// Most first syncs are small: one statement, which sees one state by itself. None where this is not one, or something fails.
    async fn small(self) -> Option<Answer> {
        if self.request.offset != Offset::Beginning || self.shape.changes_only {
            return None;
        }
        let db = self.app.db.near_replica().await.unwrap_or_else(|| self.app.db.readers().clone());
        let page = snapshot::small(&db, self.shape, &self.app.settings.limits).await.ok().flatten()?;
        Some(self.of_snapshot(page))
    }

    /// First syncs and catching up, after which everybody goes on live and hears the rest. None where there is no standby, or it
    /// is not that far, or does not answer.
    async fn at_standby(self) -> Option<Answer> {
        if self.request.live.is_some() || self.request.offset == Offset::Now {
            return None;
        }
        let db = self.app.db.snapshot_of_replica().await?;
        let read = async {
            let ends = counters::ends_of_log(&db).await?;
            self.at(&db, ends).await
        };
        read.await.ok().flatten()
    }

    /// What there is in one state of the database, with the ends of its log; `None` where the place is not in it.
    async fn at(self, db: &impl ConnectionTrait, (begin, end): (i64, i64)) -> Result<Option<Answer>> {
        if self.request.offset.is_gone(begin, end) {
            return Ok(None);
        }
        match self.request.offset {
            Offset::Foreign => return Ok(None),
            Offset::Beginning => self.snapshot(db, end, None, end).await,
            Offset::Snapshot { position, last } => self.snapshot(db, position, Some(last), end).await,
            Offset::Now => self.log(db, Place::end_of(end), end).await,
            Offset::Log(place) => self.log(db, place, end).await,
        }
        .map(Some)
    }

    async fn snapshot(self, db: &impl ConnectionTrait, position: i64, after: Option<RowId>, end: i64) -> Result<Answer> {
        if self.shape.changes_only {
            return Ok(self.of_snapshot(snapshot::none(position)));
        }
        let page = snapshot::page(db, self.shape, &self.app.settings.limits, position, end, after).await?;
        Ok(self.of_snapshot(page))
    }

    async fn log(self, db: &impl ConnectionTrait, from: Place, end: i64) -> Result<Answer> {
        let page = log::page(db, self.shape, &self.app.settings.limits, from, end).await?;
        Ok(self.of_log(&page))
    }

    fn of_snapshot(self, page: snapshot::Page) -> Answer {
        Answer {
            from: self.request.offset,
            next: page.next,
            is_up_to_date: false,
            has_data: true,
            body: page.body,
            cursor: self.cursor(),
        }
    }

    fn of_log(self, page: &Page) -> Answer {
        Answer {
            from: self.request.offset,
            next: Offset::Log(page.next),
            is_up_to_date: page.is_up_to_date,
            has_data: page.has_data,
            body: Arc::clone(&page.body),
            cursor: self.cursor(),
        }
    }

    fn cursor(self) -> Option<u64> {
        self.request.live.map(|_| answer::cursor(clock::now(), self.request.cursor))
    }
}
