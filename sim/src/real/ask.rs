//! Requests, and what their answers mean.
//!
//! **Invariant:** whatever a browser would send is sent: the session is a cookie, a shape names its user.

use super::{Real, must, unreadable};
use crate::server::Token;
use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use protocol::{
    Problem, ShapeRequest,
    problem::ProblemAnswer,
    shape::{HANDLE_HEADER, OFFSET_HEADER, UP_TO_DATE_HEADER},
};
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use sync::{
    Place,
    shape_stream::{Event, ShapeAnswer, read_changes},
};
use tower::ServiceExt;

/// An answer that was read whole.
pub struct Asked {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Real {
    pub(super) fn ask(&self, method: Method, path: &str, token: Option<Token>, body: Option<&serde_json::Value>) -> Asked {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(secret) = token.and_then(|token| self.tokens.get(&token)) {
            request = request.header(header::COOKIE, format!("turns_session={secret}"));
        }
        let content = match body {
            Some(json) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        let somewhere = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)));
        let request = must(request.extension(somewhere).body(content), "a request");
        let service = self.opened().service();
        self.runtime.block_on(async {
            let response = must(service.oneshot(request).await, "an answer");
            let (parts, body) = response.into_parts();
            let body = must(to_bytes(body, usize::MAX).await, "a body").to_vec();
            Asked {
                status: parts.status,
                headers: parts.headers,
                body,
            }
        })
    }

    /// As `browser/src/http/shapes.rs` asks; but nothing is waited for.
    pub(super) fn ask_shape(&self, token: Token, request: &ShapeRequest) -> Event {
        let at_once = ShapeRequest {
            live: false,
            cursor: None,
            ..request.clone()
        };
        let asked = self.ask(Method::GET, &at_once.path_and_query(), Some(token), None);
        match asked.status.as_u16() {
            200 => asked.log(request).unwrap_or(Event::Failed { retry_after_ms: None }),
            401 => Event::Unauthenticated,
            403 | 404 => Event::Denied,
            409 => Event::MustRefetch,
            400 => Event::NotUnderstood,
            _ => Event::Failed { retry_after_ms: None },
        }
    }
}

impl Asked {
    /// The answer, or the problem that it is.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if self.status.is_success() {
            return serde_json::from_slice(&self.body).map_err(|error| unreadable(&error.to_string()));
        }
        let problem = serde_json::from_slice::<ProblemAnswer>(&self.body);
        Err(problem.map_or_else(|error| unreadable(&error.to_string()), |answer| answer.error))
    }

    fn log(&self, request: &ShapeRequest) -> Option<Event> {
        let header = |name: &str| self.headers.get(name)?.to_str().ok().map(str::to_owned);
        let place = Place {
            handle: header(HANDLE_HEADER)?,
            offset: header(OFFSET_HEADER)?,
        };
        let read = read_changes(request.table, &self.body).ok()?;
        Some(if read.must_refetch {
            Event::MustRefetch
        } else {
            Event::Answered(ShapeAnswer {
                changes: read.changes,
                place,
                up_to_date: read.up_to_date || self.headers.contains_key(UP_TO_DATE_HEADER),
            })
        })
    }
}
