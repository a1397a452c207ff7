//! The doorbell's second ring, where Electric answers for the shapes.
//!
//! We ring when a change is committed. Electric hears of it a little later: somebody who asks at once may be given the first of two
//! changes that came together, and nobody rings for the second; or may connect between a commit and its arrival at Electric. So what has
//! rung rings once more when Electric has had time, by another name: a device then looks without waiting, so an echo that brings
//! nothing holds no connection.
//!
//! **Invariant:** a table that rang, or changed just before the first ring, rings again; an echo has no echo.

use crate::{
    app::App,
    clock,
    db::{counters, entity::change},
    problem::Result,
};
use futures::{Stream, StreamExt, future::BoxFuture, stream};
use protocol::News;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{Instant, sleep_until};

/// Most changes are at Electric in milliseconds, a large transaction in seconds.
const AFTER: Duration = Duration::from_secs(2);
/// What is older has reached Electric, if it answers at all.
const JUST_BEFORE_MICROS: i64 = 30 * 1_000_000;
/// Of the log's end, so many transactions are looked at.
const LOOKED_AT: i64 = 1_000;

/// A ring, or its echo.
#[derive(Debug, PartialEq, Eq)]
pub enum Ring {
    /// There is news.
    News(News),
    /// There was: look again.
    Again(News),
}

struct Echo<S> {
    rings: S,
    /// Tables that ring again, and when.
    due: BTreeMap<String, Instant>,
    /// What the first ring is followed by.
    recent: Option<BoxFuture<'static, Vec<String>>>,
}

/// The rings with their echoes; `recent` are the tables that changed just before the first.
pub fn echoed<S>(rings: S, recent: BoxFuture<'static, Vec<String>>) -> impl Stream<Item = Ring> + Send
where
    S: Stream<Item = News> + Send + Unpin + 'static,
{
    let echo = Echo {
        rings,
        due: BTreeMap::new(),
        recent: Some(recent),
    };
    stream::unfold(echo, |mut echo| async {
        let ring = echo.next().await?;
        Some((ring, echo))
    })
}

impl<S: Stream<Item = News> + Unpin> Echo<S> {
    async fn next(&mut self) -> Option<Ring> {
        let next_due = self.due.values().min().copied();
        let news = tokio::select! {
            news = self.rings.next() => news?,
            () = at(next_due) => return Some(Ring::Again(self.take_due())),
        };
        // The first ring names every table, whether it has news or not.
        let concerned = match self.recent.take() {
            Some(recent) => recent.await,
            None => news.tables.clone(),
        };
        let due = Instant::now() + AFTER;
        self.due.extend(concerned.into_iter().map(|table| (table, due)));
        Some(Ring::News(news))
    }

    fn take_due(&mut self) -> News {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.due).into_iter().partition(|(_, due)| *due <= now);
        self.due = later;
        let due: BTreeMap<String, Instant> = due;
        News {
            tables: due.into_keys().collect(),
        }
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// URL names of the tables that changed just now. A database that does not answer has just taken nothing.
pub async fn just_changed(app: App) -> Vec<String> {
    let found: Result<Vec<String>> = async {
        let end = counters::current(app.db.readers(), counters::CHANGE_POSITION).await?;
        let tables = change::Entity::find()
            .select_only()
            .column(change::Column::TableName)
            .distinct()
            .filter(change::Column::Position.gt(end - LOOKED_AT))
            .filter(change::Column::At.gt(clock::now().micros() - JUST_BEFORE_MICROS));
        Ok(tables.into_tuple().all(app.db.readers()).await?)
    }
    .await;
    let known = found.unwrap_or_default().into_iter().filter_map(|name| domain::Table::from_name(&name));
    known.map(|table| table.url_name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use tokio::sync::mpsc;
    use tokio_stream::wrappers::ReceiverStream;

    fn news(tables: &[&str]) -> News {
        News {
            tables: tables.iter().map(|table| (*table).to_owned()).collect(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_rang_rings_once_more_and_of_the_first_ring_what_just_changed() {
        let (bell, rings) = mpsc::channel(4);
        let recent = std::future::ready(vec!["vendors".to_owned()]).boxed();
        let mut heard = Box::pin(echoed(ReceiverStream::new(rings), recent));
        let begun = Instant::now();
        bell.send(news(&["turns", "vendors"])).await.unwrap();
        assert_eq!(heard.next().await, Some(Ring::News(news(&["turns", "vendors"]))));
        bell.send(news(&["turns"])).await.unwrap();
        assert_eq!(heard.next().await, Some(Ring::News(news(&["turns"]))));
        assert_eq!(begun.elapsed(), Duration::ZERO, "nothing waits for its echo");
        assert_eq!(heard.next().await, Some(Ring::Again(news(&["turns", "vendors"]))));
        assert_eq!(begun.elapsed(), AFTER);
        drop(bell);
        assert_eq!(heard.next().await, None);
    }
}
