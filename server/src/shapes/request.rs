//! The parameters of a shape request, checked as Electric checks them.
//!
//! **Invariant:** a parameter that this server does not know is passed over, as Electric does; one that it knows is
//! right or the answer is 400 in Electric's own form.

use super::{clause::Parameters, offset::Offset, refusal::Invalid, subset};
use std::collections::HashMap;

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
    /// Which of its rows are wanted as they stand, instead of its log.
    pub subset: Option<subset::Wish>,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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

impl Wish {
    /// How long its texts are together.
    pub fn bytes(&self) -> usize {
        let texts = [&self.clause, &self.columns].into_iter().flatten().chain(self.parameters.values());
        texts.map(String::len).sum()
    }
}

impl Request {
    /// Checks the query's parameters.
    pub fn read(parameters: &HashMap<String, String>) -> Result<Self, Invalid> {
        let get = |name: &str| parameters.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let mut invalid = Invalid::default();
        let is_live = invalid.take("live", boolean(get("live")));
        let is_stream = invalid.take("live_sse", boolean(get("live_sse")));
        let wish = Wish {
            clause: get("where").map(str::to_owned),
            parameters: invalid.take("params", numbered(parameters)),
            columns: get("columns").map(str::to_owned),
            is_full: invalid.take("replica", one_of(get("replica"), "default", "full")),
            changes_only: invalid.take("log", one_of(get("log"), "full", "changes_only")),
        };
        let offset = invalid.take("offset", get("offset").ok_or("can't be blank"));
        invalid.refuse_any()?;
        let offset = offset.parse().map_err(|_| Invalid::of("offset", "has invalid format"))?;
        let handle = get("handle").map(str::to_owned);
        if handle.is_none() && !matches!(offset, Offset::Beginning | Offset::Now) {
            return Err(Invalid::of("handle", "can't be blank when offset != -1"));
        }
        if is_live && offset == Offset::Beginning {
            return Err(Invalid::of("live", "can't be true when offset == -1"));
        }
        if is_stream && !is_live {
            return Err(Invalid::of("live_sse", "can't be true unless live is also true"));
        }
        Ok(Self {
            offset,
            handle,
            expired_handle: get("expired_handle").map(str::to_owned),
            live: is_live.then_some(if is_stream { Live::Stream } else { Live::Request }),
            cursor: get("cursor").and_then(|cursor| cursor.parse().ok()),
            wish,
            subset: subset::Wish::in_query(parameters),
        })
    }
}

fn boolean(value: Option<&str>) -> Result<bool, &'static str> {
    match value {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err("is invalid"),
    }
}

/// Whether a parameter with two values has the second; the first is what it is by itself.
fn one_of(value: Option<&str>, first: &str, second: &str) -> Result<bool, &'static str> {
    match value {
        None => Ok(false),
        Some(value) if value == first => Ok(false),
        Some(value) if value == second => Ok(true),
        Some(_) => Err("is invalid"),
    }
}

/// `params[1]`, `params[2]` …, which Electric takes in this form only.
fn numbered(parameters: &HashMap<String, String>) -> Result<Parameters, &'static str> {
    let mut numbered = Parameters::new();
    for (name, value) in parameters {
        let Some(rest) = name.strip_prefix("params") else { continue };
        let number = rest
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .and_then(|number| number.parse().ok());
        numbered.insert(number.ok_or("is invalid")?, value.clone());
    }
    Ok(numbered)
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
        assert_eq!(check("", "", ""), Err(Invalid::of("offset", "can't be blank")));
        assert_eq!(check("abc", "", ""), Err(Invalid::of("offset", "has invalid format")));
        assert_eq!(check("0_0", "", ""), Err(Invalid::of("handle", "can't be blank when offset != -1")));
        assert_eq!(check("-1", "", "true"), Err(Invalid::of("live", "can't be true when offset == -1")));
        assert!(check("-1", "anything", "false").is_ok());
    }

    #[test]
    fn what_is_wrong_with_single_values_is_told_at_once_and_before_the_rest() {
        let mut both = Invalid::of("live", "is invalid");
        both.note("offset", "can't be blank");
        assert_eq!(check("", "", "maybe"), Err(both));
        assert_eq!(check("abc", "", "maybe"), Err(Invalid::of("live", "is invalid")));
        assert_eq!(check("0_0", "", "1"), Err(Invalid::of("handle", "can't be blank when offset != -1")));
    }
}
