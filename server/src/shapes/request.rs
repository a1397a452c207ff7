//! The parameters of a shape request, checked as Electric checks them.
//!
//! **Invariant:** a parameter that this server does not know is passed over, as Electric does; one that it knows is
//! right or the answer is 400 in Electric's own form.

use super::offset::Offset;
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where to go on.
    pub offset: Offset,
    /// The shape that the client believes to follow; always there unless it begins anew.
    pub handle: Option<String>,
    /// Wait for news where there are none.
    pub live: bool,
    /// The cursor of the last live answer.
    pub cursor: Option<u64>,
}

/// A parameter that is not right: its name and what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Invalid(&'static str, &'static str);

impl Request {
    /// Checks the query's parameters.
    pub fn read(parameters: &HashMap<String, String>) -> Result<Self, Invalid> {
        let get = |name: &str| parameters.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let text = get("offset").ok_or(Invalid("offset", "can't be blank"))?;
        let offset: Offset = text.parse().map_err(|_| Invalid("offset", "has invalid format"))?;
        let live = match get("live") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(Invalid("live", "is invalid")),
        };
        let handle = get("handle").map(str::to_owned);
        if live && offset == Offset::Beginning {
            return Err(Invalid("live", "can't be true when offset == -1"));
        }
        if handle.is_none() && !matches!(offset, Offset::Beginning | Offset::Now) {
            return Err(Invalid("handle", "can't be blank when offset != -1"));
        }
        Ok(Self {
            offset,
            handle,
            live,
            cursor: get("cursor").and_then(|cursor| cursor.parse().ok()),
        })
    }
}

/// Electric's answer to a parameter that is not right.
#[derive(Serialize, ToSchema)]
pub struct InvalidRequest {
    message: &'static str,
    /// Parameter → what is wrong with it.
    errors: BTreeMap<&'static str, [&'static str; 1]>,
}

impl IntoResponse for Invalid {
    fn into_response(self) -> Response {
        let body = InvalidRequest {
            message: "Invalid request",
            errors: BTreeMap::from([(self.0, [self.1])]),
        };
        (StatusCode::BAD_REQUEST, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(offset: &str, handle: &str, live: &str) -> Result<Request, Invalid> {
        let parameters = [("offset", offset), ("handle", handle), ("live", live), ("unheard_of", "x")];
        Request::read(&parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn the_recorded_refusals() {
        assert_eq!(check("", "", ""), Err(Invalid("offset", "can't be blank")));
        assert_eq!(check("abc", "", ""), Err(Invalid("offset", "has invalid format")));
        assert_eq!(check("0_0", "", ""), Err(Invalid("handle", "can't be blank when offset != -1")));
        assert_eq!(check("-1", "", "true"), Err(Invalid("live", "can't be true when offset == -1")));
        assert!(check("-1", "anything", "false").is_ok());
    }
}
