//! The parameters of a shape request, checked as Electric checks them.
//!
//! **Invariant:** a parameter that this server does not know is passed over, as Electric does; one that it knows is
//! right or the answer is 400 in Electric's own form.

use super::{clause::Parameters, offset::Offset};
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};
use utoipa::ToSchema;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where to go on.
    pub offset: Offset,
    /// The shape that the client believes to follow; always there unless it begins anew.
    pub handle: Option<String>,
    /// The handle that the client was last sent away from.
    pub expired_handle: Option<String>,
    /// How to wait for news; none where what there is now is the answer.
    pub live: Option<Live>,
    /// The cursor of the last live answer.
    pub cursor: Option<u64>,
    /// How the shape is to be narrowed and told.
    pub wish: Wish,
}

/// Two ways of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// Until there is news, or for some seconds.
    Request,
    /// For a minute, for all the news there is.
    Stream,
}

/// What a client wants of a table beside where to go on. Each makes another shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Only rows of which this is true: SQL, not yet read.
    pub clause: Option<String>,
    /// `params[1]` and so on, for its placeholders.
    pub parameters: Parameters,
    /// Only these columns, by name, as written.
    pub columns: Option<String>,
    /// Whole rows in updates and deletes, and what was there before (`replica=full`).
    pub is_full: bool,
    /// No snapshot at the beginning (`log=changes_only`).
    pub changes_only: bool,
}

/// A parameter that is not right: its name and what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Invalid(pub &'static str, pub Cow<'static, str>);

fn invalid(parameter: &'static str, what: &'static str) -> Invalid {
    Invalid(parameter, Cow::Borrowed(what))
}

impl Request {
    /// Checks the query's parameters.
    pub fn read(parameters: &HashMap<String, String>) -> Result<Self, Invalid> {
        let get = |name: &str| parameters.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let text = get("offset").ok_or(invalid("offset", "can't be blank"))?;
        let offset: Offset = text.parse().map_err(|_| invalid("offset", "has invalid format"))?;
        let is_live = one_of(get("live"), "live", "false", "true")?;
        let is_stream = one_of(get("live_sse"), "live_sse", "false", "true")?;
        if is_stream && !is_live {
            return Err(invalid("live_sse", "can't be true unless live is also true"));
        }
        let handle = get("handle").map(str::to_owned);
        if is_live && offset == Offset::Beginning {
            return Err(invalid("live", "can't be true when offset == -1"));
        }
        if handle.is_none() && !matches!(offset, Offset::Beginning | Offset::Now) {
            return Err(invalid("handle", "can't be blank when offset != -1"));
        }
        Ok(Self {
            offset,
            handle,
            expired_handle: get("expired_handle").map(str::to_owned),
            live: is_live.then_some(if is_stream { Live::Stream } else { Live::Request }),
            cursor: get("cursor").and_then(|cursor| cursor.parse().ok()),
            wish: Wish {
                clause: get("where").map(str::to_owned),
                parameters: numbered(parameters)?,
                columns: get("columns").map(str::to_owned),
                is_full: one_of(get("replica"), "replica", "default", "full")?,
                changes_only: one_of(get("log"), "log", "full", "changes_only")?,
            },
        })
    }
}

/// Whether a parameter with two values has the second; the first is what it is by itself.
fn one_of(value: Option<&str>, name: &'static str, first: &str, second: &str) -> Result<bool, Invalid> {
    match value {
        None => Ok(false),
        Some(value) if value == first => Ok(false),
        Some(value) if value == second => Ok(true),
        Some(_) => Err(invalid(name, "is invalid")),
    }
}

/// `params[1]`, `params[2]` …, which Electric takes in this form only.
fn numbered(parameters: &HashMap<String, String>) -> Result<Parameters, Invalid> {
    let mut numbered = Parameters::new();
    for (name, value) in parameters {
        let Some(rest) = name.strip_prefix("params") else { continue };
        let number = rest
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .and_then(|number| number.parse().ok());
        numbered.insert(number.ok_or(invalid("params", "is invalid"))?, value.clone());
    }
    Ok(numbered)
}

/// Electric's answer to a parameter that is not right.
#[derive(Serialize, ToSchema)]
pub struct InvalidRequest {
    message: &'static str,
    /// Parameter → what is wrong with it.
    errors: BTreeMap<&'static str, [Cow<'static, str>; 1]>,
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
        assert_eq!(check("", "", ""), Err(invalid("offset", "can't be blank")));
        assert_eq!(check("abc", "", ""), Err(invalid("offset", "has invalid format")));
        assert_eq!(check("0_0", "", ""), Err(invalid("handle", "can't be blank when offset != -1")));
        assert_eq!(check("-1", "", "true"), Err(invalid("live", "can't be true when offset == -1")));
        assert!(check("-1", "anything", "false").is_ok());
    }
}
