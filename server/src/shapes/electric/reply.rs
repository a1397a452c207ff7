//! An answer of Electric's as ours.
//!
//! **Invariant:** what a shape holds is one person's: whatever Electric says of caches, no shared one may keep it; and no header but those
//! named here goes through.

use super::{
    super::{
        answer::{self, HAS_DATA_HEADER, JSON, MUST_REFETCH, PRIVATE},
        request::{Live, Request},
    },
    body::Flow,
};
use crate::{clock, limits, problem};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::{
    Problem, ProblemCode,
    shape::{CURSOR_HEADER, HANDLE_HEADER, OFFSET_HEADER, UP_TO_DATE_HEADER},
};

const PASSED: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::ETAG,
    header::RETRY_AFTER,
];
const OF_A_SHAPE: &str = "electric-";
/// What is Electric's own affair.
const OF_THE_SERVICE: [&str; 2] = ["electric-server", "electric-internal-known-error"];

/// The headers of an answer that go through, and ours.
pub fn headers(theirs: &HeaderMap) -> HeaderMap {
    let passes = |name: &HeaderName| PASSED.contains(name) || name.as_str().starts_with(OF_A_SHAPE) && !OF_THE_SERVICE.contains(&name.as_str());
    let mut headers: HeaderMap = theirs
        .iter()
        .filter(|(name, _)| passes(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(PRIVATE));
    headers.insert(header::VARY, HeaderValue::from_static("cookie, authorization, accept-encoding"));
    headers
}

/// The answer with its body to come.
pub fn passed(status: StatusCode, headers: HeaderMap, request: &Request, flow: Flow) -> Response {
    let counts = status == StatusCode::OK && counts(&headers, request);
    // Neither has one, whatever its length was said to be.
    let body = if status == StatusCode::NOT_MODIFIED {
        Body::empty()
    } else {
        flow.into_body()
    };
    let mut response = (status, headers, body).into_response();
    if request.live == Some(Live::Stream) {
        response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    }
    if counts {
        response.extensions_mut().insert(limits::Counts);
    }
    response
}

/// Whether the answer is charged to its reader: what brings nothing new is not, nor are news heard live that reach the end. Rows as they
/// stand always are.
fn counts(headers: &HeaderMap, request: &Request) -> bool {
    if request.subset.is_some() {
        return true;
    }
    let moved = headers
        .get(OFFSET_HEADER)
        .is_none_or(|offset| offset.as_bytes() != request.offset.to_string().as_bytes());
    moved && (request.live.is_none() || !headers.contains_key(UP_TO_DATE_HEADER))
}

/// 400 in Electric's words, about where the client stands.
pub fn refused(word: Bytes) -> Response {
    let headers = [(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::BAD_REQUEST, headers, word).into_response()
}

/// A live request that ends before there was an answer: nothing yet, go on from where you are. 503 to who was nowhere.
pub fn nothing_yet(request: &Request) -> Response {
    let (Some(handle), Some(Live::Request)) = (&request.handle, request.live) else {
        return unavailable(None);
    };
    let mut headers = headers(&HeaderMap::new());
    let cursor = answer::cursor(clock::now(), request.cursor);
    for (name, value) in [
        (HANDLE_HEADER, handle.clone()),
        (OFFSET_HEADER, request.offset.to_string()),
        (UP_TO_DATE_HEADER, String::new()),
        (HAS_DATA_HEADER, false.to_string()),
        (CURSOR_HEADER, cursor.to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    (headers, r#"[{"headers":{"control":"up-to-date"}}]"#).into_response()
}

/// 409, without saying where to begin: that is Electric's to know.
pub fn must_refetch() -> Response {
    let mut headers = headers(&HeaderMap::new());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    (StatusCode::CONFLICT, headers, MUST_REFETCH).into_response()
}

/// 503: shapes wait, and nothing else does.
pub fn unavailable(retry_after: Option<HeaderValue>) -> Response {
    let problem = Problem::new(ProblemCode::Unavailable, "what is new cannot be fetched now; changes are still taken");
    let mut response = problem::answer(problem);
    // Only seconds: a date would be by another clock.
    let seconds = retry_after.filter(|value| value.to_str().is_ok_and(|text| text.parse::<u32>().is_ok()));
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// 500: we have asked wrongly.
pub fn our_fault() -> Response {
    problem::answer(Problem::new(ProblemCode::Internal, "something went wrong on the server"))
}
