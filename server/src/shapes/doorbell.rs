//! `GET /api/sync/live`: one connection per device that rings when its user's shapes have news.
//!
//! A browser has six connections per host and a tablet a battery; one live request per table would take both.
//!
//! **Invariant:** the first ring names every shape and comes after listening has begun, so a device that follows each
//! ring misses nothing.

use super::{
    electric::echo::{self, Ring},
    hub::{Heard, Listening},
    known::Sight,
};
use crate::{app::App, auth::Session, metrics::Waiting};
use axum::{
    extract::State,
    http::header,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::Table;
use futures::{FutureExt, Stream, StreamExt, future::select_all};
use protocol::News;
use std::{
    collections::BTreeSet,
    convert::Infallible,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

/// News that come together ring once.
const GATHER: Duration = Duration::from_millis(20);
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One event of the stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes what the stream writes")]
struct NewsEvent {
    /// `news`; `again`, where Electric keeps the shapes and may not have had all of it at the first ring; `here`, every
    /// fifteen seconds without one: silence means that the connection is dead.
    event: String,
    /// JSON: `tables` lists URL names of tables; empty where it is `here`.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// Wait for news of any table
///
/// An event stream that stays open: `event: news` with the tables that have news for the signed-in person, all of them at
/// first. One such connection is enough for a device.
#[utoipa::path(
    get,
    path = "/api/sync/live",
    tag = "sync",
    responses((status = 200, description = "Events, one after the other.", body = inline(NewsEvent), content_type = "text/event-stream",
        example = json!({"event": "news", "data": "{\"tables\":[\"turns\",\"scope-items\"]}"})))
)]
pub async fn listen(State(app): State<App>, session: Session) -> Response {
    let (rings, ringing) = mpsc::channel(4);
    let ringing = ReceiverStream::new(ringing);
    let ringing = match &app.electric {
        Some(_) => echo::echoed(ringing, echo::just_changed(app.clone()).boxed()).boxed(),
        None => ringing.map(Ring::News).boxed(),
    };
    tokio::spawn(ring_until_the_end(app, session, rings));
    (
        [
            (header::CACHE_CONTROL, "no-store"),
            (header::HeaderName::from_static("x-accel-buffering"), "no"),
        ],
        told(ringing),
    )
        .into_response()
}

fn told(rings: impl Stream<Item = Ring> + Send + 'static) -> impl IntoResponse {
    Sse::new(events(rings)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).event(here()))
}

fn events(rings: impl Stream<Item = Ring>) -> impl Stream<Item = Result<Event, Infallible>> {
    rings.map(|ring| {
        let (name, news) = match ring {
            Ring::News(news) => ("news", news),
            Ring::Again(news) => ("again", news),
        };
        Ok(Event::default().event(name).data(serde_json::to_string(&news).unwrap_or_default()))
    })
}

/// An event and no comment: browsers keep comments to themselves.
fn here() -> Event {
    Event::default().event("here").data("{}")
}

async fn ring_until_the_end(app: App, session: Session, rings: mpsc::Sender<News>) {
    tokio::select! {
        () = ring(&app, &session, &rings) => {}
        _ = session.over(&app) => {}
        () = app.stopped() => {}
        () = rings.closed() => {}
    }
}

async fn ring(app: &App, session: &Session, rings: &mpsc::Sender<News>) {
    let viewer = session.viewer();
    let shapes = viewer
        .shapes()
        .into_iter()
        .map(|table| app.shapes.seen(Sight::of(viewer, table), app.db.epoch()));
    let mut listening: Vec<Listening> = shapes.map(|shape| app.hub.join(&shape)).collect();
    let _counted = app.metrics.listen(Waiting::Doorbell);
    let mut news = Rung {
        tables: listening.iter().map(|listening| listening.shape().table).collect(),
        since: None,
    };
    loop {
        let Rung { tables, since } = std::mem::take(&mut news);
        let tables = tables.into_iter().map(|table| table.url_name().to_owned()).collect();
        if rings.send(News { tables }).await.is_err() {
            return;
        }
        since.inspect(|since| app.metrics.delivered(since.elapsed()));
        news.add(next(&mut listening).await);
        let gather = tokio::time::sleep(GATHER);
        tokio::pin!(gather);
        loop {
            tokio::select! {
                () = &mut gather => break,
                more = next(&mut listening) => news.add(more),
            }
        }
    }
}

/// What a ring will tell.
#[derive(Default)]
struct Rung {
    tables: BTreeSet<Table>,
    /// When the first of it was committed.
    since: Option<Instant>,
}

impl Rung {
    fn add(&mut self, (table, heard): (Table, Heard)) {
        self.tables.insert(table);
        self.since = self.since.or(heard.at);
    }
}

/// The table that the next news are of. Dropped before, it has lost none.
async fn next(listening: &mut [Listening]) -> (Table, Heard) {
    let news = listening
        .iter_mut()
        .map(|listening| Box::pin(async { (listening.shape().table, listening.news().await) }));
    select_all(news).await.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_browser_hears_that_the_server_is_there() {
        let mut body = told(futures::stream::pending()).into_response().into_body().into_data_stream();
        for _ in 0..3 {
            let began = tokio::time::Instant::now();
            assert_eq!(body.next().await.unwrap().unwrap(), "event: here\ndata: {}\n\n");
            assert_eq!(began.elapsed(), KEEP_ALIVE);
        }
    }
}
