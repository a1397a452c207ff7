//! Reading bodies, up to a limit, and the JSON in them.
//!
//! A body that is too large is answered at once, while it is still being sent; the rest of it is read and thrown
//! away beside the answer. Closing the connection instead would reset it, and the caller would see a broken
//! network, for which the right reaction is to try again for ever.
//!
//! **Invariant:** no handler has more than [`protocol::MAX_BODY_BYTES`] in memory, but for what an administrator brings from a device; photos and
//! papers are read piece by piece.

use crate::{
    handover::open as handover,
    problem::{self, Failure},
};
use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use futures::{Stream, StreamExt};
use protocol::{MAX_BODY_BYTES, Problem, ProblemCode};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

/// How much of a refused body is thrown away, and for how long, before the connection is given up.
const DRAINED_BYTES: usize = 256 * 1024 * 1024;
const DRAINED_FOR: Duration = Duration::from_secs(30);

/// Reads the whole body before the handler runs.
pub async fn read_within_limit(request: Request, next: Next) -> Response {
    read_within(MAX_BODY_BYTES, request, next).await
}

/// The same for what a device hands over: a month of its writes.
pub async fn read_handed_over(request: Request, next: Next) -> Response {
    read_within(handover::MAX_BYTES, request, next).await
}

async fn read_within(limit: usize, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if announced_length(&parts.headers).is_some_and(|bytes| bytes > limit as u64) {
        return too_large(limit, body.into_data_stream());
    }
    let mut stream = body.into_data_stream();
    let mut read = Vec::new();
    while let Some(chunk) = stream.next().await {
        // The connection broke: nobody is there to read an answer.
        let Ok(chunk) = chunk else {
            return problem::answer(Problem::new(ProblemCode::Validation, "the body ended early"));
        };
        if read.len() + chunk.len() > limit {
            return too_large(limit, stream);
        }
        read.extend_from_slice(&chunk);
    }
    next.run(Request::from_parts(parts, Body::from(read))).await
}

/// Middleware for handlers that read a body by themselves, piece by piece: what they leave is read and thrown away beside
/// their answer.
pub async fn drain_what_is_left(request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::from_stream(Left(Some(body.into_data_stream()))))).await
}

/// A body until its end; none from there on.
struct Left(Option<BodyDataStream>);

impl Stream for Left {
    type Item = Result<Bytes, axum::Error>;
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let piece = ready!(body.poll_next_unpin(context));
        if !matches!(piece, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(piece)
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(rest) = self.0.take() {
            drain_beside(rest);
        }
    }
}

/// A body of JSON, as any value.
pub struct JsonBody(pub serde_json::Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Failure;
    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        if !is_json(request.headers()) {
            return Err(Failure::refused(
                ProblemCode::Validation,
                "send JSON with the header Content-Type: application/json",
            ));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Failure::refused(ProblemCode::Validation, "the body could not be read"))?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Failure::refused(ProblemCode::Validation, format!("the body is not JSON: {error}")))
    }
}

/// A form in another site's page cannot send this content type.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize, rest: BodyDataStream) -> Response {
    drain_beside(rest);
    problem::answer(Problem::new(
        ProblemCode::PayloadTooLarge,
        format!("a body may have at most {} MB; send fewer writes at once", limit / 1024 / 1024),
    ))
}

fn drain_beside(rest: BodyDataStream) {
    tokio::spawn(tokio::time::timeout(DRAINED_FOR, drain(rest)));
}

async fn drain(mut rest: BodyDataStream) {
    let mut drained = 0;
    while let Some(Ok(chunk)) = rest.next().await {
        drained += chunk.len();
        if drained > DRAINED_BYTES {
            return;
        }
    }
}
