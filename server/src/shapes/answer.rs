//! Shape answers: a body and Electric's headers.
//!
//! **Invariant:** what a shape holds is one person's; no shared cache may keep it.

use super::{message::Body, offset::Offset, shape::Shape};
use crate::{clock, limits, web::assets::is_known};
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::Timestamp;
use futures::stream;
use protocol::shape::{CURSOR_HEADER, HANDLE_HEADER, OFFSET_HEADER, SCHEMA_HEADER, UP_TO_DATE_HEADER};
use std::{convert::Infallible, sync::Arc};

/// Whether there are changes in an answer.
pub const HAS_DATA_HEADER: &str = "electric-has-data";
/// News up to this size, heard live, are free: how much of them comes is up to those who write.
const SMALL_NEWS_BYTES: usize = 64 * 1024;
/// From this size on a body is not copied into one piece.
const IN_PIECES_BYTES: usize = 1024 * 1024;
/// What messages are written in.
pub const JSON: &str = "application/json; charset=utf-8";
/// What a shape holds is one person's.
pub const PRIVATE: &str = "private, max-age=0, must-revalidate";
/// The body of a 409.
pub const MUST_REFETCH: &str = r#"[{"headers":{"control":"must-refetch"}}]"#;

/// 2024-10-09, from which Electric counts its cursors.
const CURSOR_EPOCH_SECONDS: i64 = 1_728_432_000;
const CURSOR_STEP_SECONDS: u64 = 20;

/// One answer.
pub struct Answer {
    /// Where the client was.
    pub from: Offset,
    /// Where it goes on.
    pub next: Offset,
    /// Whether the log's end is reached.
    pub is_up_to_date: bool,
    /// Whether there are changes in it.
    pub has_data: bool,
    /// Its messages.
    pub body: Arc<Body>,
    /// What a live answer tells caches; none in others.
    pub cursor: Option<u64>,
}

impl Answer {
    /// What a stream says of itself before its first message.
    pub fn begun_at(from: Offset, place: Offset, theirs: Option<u64>) -> Self {
        Self {
            from,
            next: place,
            is_up_to_date: true,
            has_data: true,
            body: Arc::default(),
            cursor: Some(cursor(clock::now(), theirs)),
        }
    }

    /// As HTTP. `asked` are the request's headers.
    pub fn respond(self, shape: &Shape, asked: &HeaderMap) -> Response {
        let counts = self.counts();
        let mut response = self.into_http(shape, asked);
        if counts {
            response.extensions_mut().insert(limits::Counts);
        }
        response
    }

    /// Whether the answer is charged to its reader: what brings nothing new is not, nor are small news heard live.
    fn counts(&self) -> bool {
        self.has_data && (self.cursor.is_none() || self.body.len() > SMALL_NEWS_BYTES)
    }

    fn into_http(self, shape: &Shape, asked: &HeaderMap) -> Response {
        let mut headers = self.headers(shape);
        if self.cursor.is_none() && is_known(asked, &self.etag(shape)) {
            headers.remove(SCHEMA_HEADER);
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        match Arc::try_unwrap(self.body) {
            // A page of a snapshot, which nobody else has: its pieces go out as they are.
            Ok(own) if own.len() > IN_PIECES_BYTES => {
                headers.insert(header::CONTENT_LENGTH, (own.len() + 1).into());
                let pieces = own.into_pieces().map(Ok::<_, Infallible>);
                (headers, axum::body::Body::from_stream(stream::iter(pieces))).into_response()
            }
            body => (headers, body.map_or_else(|shared| shared.array(), |own| own.array())).into_response(),
        }
    }

    /// What tells of the answer beside its messages.
    pub fn headers(&self, shape: &Shape) -> HeaderMap {
        let mut headers = common_headers(&shape.handle);
        let mut put = |name: &'static str, value: String| {
            // All of these are digits, quotes and ASCII names of columns.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        put("etag", self.etag(shape));
        put(OFFSET_HEADER, self.next.to_string());
        let waited_or_skipped = self.cursor.is_some() || self.from == Offset::Now;
        put(HAS_DATA_HEADER, (self.has_data || !waited_or_skipped).to_string());
        match self.cursor {
            Some(cursor) => put(CURSOR_HEADER, cursor.to_string()),
            None => put(SCHEMA_HEADER, shape.schema()),
        }
        if self.is_up_to_date {
            put(UP_TO_DATE_HEADER, String::new());
        }
        headers
    }

    /// The same place to the same place is the same answer, but for a live one that only says that nothing came.
    fn etag(&self, shape: &Shape) -> String {
        let unique = self.cursor.filter(|_| !self.has_data).map(|cursor| format!(":{cursor}")).unwrap_or_default();
        format!("\"{}:{}:{}{unique}\"", shape.handle, self.from, self.next)
    }
}

/// 409 for a place in this shape that is gone, or never was: the client begins again under another handle.
pub fn gone(shape: &Arc<Shape>) -> Response {
    must_refetch(&Arc::clone(shape).after(Some(&shape.handle)))
}

/// 409: `shape` is where to begin again.
pub fn must_refetch(shape: &Shape) -> Response {
    let mut headers = common_headers(&shape.handle);
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{}::\"", shape.handle)) {
        headers.insert(header::ETAG, etag);
    }
    (StatusCode::CONFLICT, headers, MUST_REFETCH).into_response()
}

/// The next 20-second boundary; where the client is there already, a step further, so that no cache repeats itself.
pub fn cursor(now: Timestamp, theirs: Option<u64>) -> u64 {
    let seconds = u64::try_from(now.millis() / 1_000 - CURSOR_EPOCH_SECONDS).unwrap_or(0);
    let boundary = (seconds / CURSOR_STEP_SECONDS + 1) * CURSOR_STEP_SECONDS;
    match theirs {
        Some(theirs) if theirs >= boundary => theirs.saturating_add(1 + u64::from(now.micros().unsigned_abs() as u32 % 3_600)),
        _ => boundary,
    }
}

/// What every answer about a shape carries.
pub fn common_headers(handle: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(PRIVATE));
    headers.insert(header::VARY, HeaderValue::from_static("cookie, authorization"));
    if let Ok(handle) = HeaderValue::from_str(handle) {
        headers.insert(HeaderName::from_static(HANDLE_HEADER), handle);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_always_moves() {
        let now = Timestamp::from_millis((CURSOR_EPOCH_SECONDS + 65) * 1_000);
        assert_eq!(cursor(now, None), 80);
        assert_eq!(cursor(now, Some(60)), 80);
        assert!((81..=80 + 3_600).contains(&cursor(now, Some(80))));
    }
}
