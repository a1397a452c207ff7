//! `live_sse=true`: the same messages as a live request's, each as an event, on one connection for a while.
//!
//! The headers are those of the place where the stream began; a client keeps its own place from the messages' `lsn` and
//! `op_position`, and asks anew when the stream ends.
//!
//! **Invariant:** what comes is what live requests would have brought, in their order; a stream that cannot go on ends.

use super::{
    answer::{self, Answer},
    live::{Caller, Follower, Look},
    request::Request,
    shape::Shape,
};
use crate::{app::App, metrics::Waiting, problem::Result};
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

const KEEP_ALIVE: Duration = Duration::from_secs(21);
/// Messages that may wait for a slow reader.
const AHEAD: usize = 64;

type Events = mpsc::Sender<Result<Event, Infallible>>;

/// Begins a stream; 409 where the place is gone already.
pub async fn open(app: App, caller: Caller, shape: Arc<Shape>, request: Request) -> Result<Response> {
    let mut follower = Follower::begin(&app, &shape, &request);
    let first = follower.look().await?;
    if matches!(first, Look::Gone) {
        return Ok(answer::gone(&shape));
    }
    let (events, reader) = mpsc::channel(AHEAD);
    let stream: Sse<_> = Sse::new(ReceiverStream::new(reader)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("keep-alive"));
    let begun_at = match first {
        // What `now` was; else a client that hears nothing would not know.
        Look::Nothing => follower.place(),
        _ => request.offset,
    };
    let headers = Answer::begun_at(request.offset, begun_at, request.cursor).headers(&shape);
    tokio::spawn(stream_until_the_end(app, caller, shape, (follower, first), events));
    let mut response = stream.into_response();
    for (name, value) in &headers {
        if name != axum::http::header::CONTENT_TYPE {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    Ok(response)
}

async fn stream_until_the_end(app: App, caller: Caller, shape: Arc<Shape>, from: (Follower, Look), events: Events) {
    let _counted = app.metrics.listen(Waiting::Request);
    tokio::select! {
        () = send_news(&app, &shape, from, &events) => {}
        _ = caller.over(&app) => {}
        () = app.stopped() => {}
        () = events.closed() => {}
        () = tokio::time::sleep(app.settings.limits.stream) => {}
    }
}

async fn send_news(app: &App, shape: &Shape, (mut follower, mut found): (Follower, Look), events: &Events) {
    loop {
        let is_at_end = match found {
            Look::Nothing => true,
            Look::News(news) => {
                app.metrics.shape_sent(shape.table, news.body.len());
                let is_at_end = news.is_up_to_date;
                for message in news.body.messages() {
                    if events.send(Ok(Event::default().data(message))).await.is_err() {
                        return;
                    }
                }
                is_at_end
            }
            Look::Gone => return,
        };
        let next = if is_at_end { follower.news().await } else { follower.look().await };
        // A fault ends the stream: the client asks anew, and is told then.
        let Ok(next) = next else { return };
        found = next;
    }
}
