//! Reading bodies, up to a limit, and the JSON in them.
//!
//! A body that is too large is answered at once, while it is still being sent; the rest of it is read and thrown
//! away beside the answer. Closing the connection instead would reset it, and the caller would see a broken
//! network, for which the right reaction is to try again for ever.
//!
//! **Invariant:** no handler sees more than [`protocol::MAX_BODY_BYTES`].

use crate::problem::{self, Failure};
use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use futures::StreamExt;
use protocol::{MAX_BODY_BYTES, Problem, ProblemCode};
use std::time::Duration;

/// How much of a refused body is thrown away, and for how long, before the connection is given up.
const DRAINED_BYTES: usize = 256 * 1024 * 1024;
const DRAINED_FOR: Duration = Duration::from_secs(30);

/// Reads the whole body before the handler runs.
pub async fn read_within_limit(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if announced_length(&parts.headers).is_some_and(|bytes| bytes > MAX_BODY_BYTES as u64) {
        return too_large(body.into_data_stream());
    }
    let mut stream = body.into_data_stream();
    let mut read = Vec::new();
    while let Some(chunk) = stream.next().await {
        // The connection broke: nobody is there to read an answer.
        let Ok(chunk) = chunk else {
            return problem::answer(Problem::new(ProblemCode::Validation, "the body ended early"));
        };
        if read.len() + chunk.len() > MAX_BODY_BYTES {
            return too_large(stream);
        }
        read.extend_from_slice(&chunk);
    }
    next.run(Request::from_parts(parts, Body::from(read))).await
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

fn too_large(rest: BodyDataStream) -> Response {
    tokio::spawn(tokio::time::timeout(DRAINED_FOR, drain(rest)));
    problem::answer(Problem::new(
        ProblemCode::PayloadTooLarge,
        format!("a body may have at most {} MB; send fewer writes at once", MAX_BODY_BYTES / 1024 / 1024),
    ))
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
