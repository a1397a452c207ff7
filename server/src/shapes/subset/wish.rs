//! What of a subset was asked for: `subset__…` in the query, or the same names in a body.
//!
//! **Invariant:** a value of the wrong type is refused, wherever it stood.

use crate::shapes::{clause::Parameters, refusal::Invalid};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// What was asked for, by name, not yet looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish(Map<String, Json>);

/// The same, each of its type.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub clause: Option<String>,
    pub parameters: Parameters,
    pub order_by: Option<String>,
    pub limit: Option<u64>,
    pub offset: u64,
}

const NAMES: [&str; 5] = ["where", "params", "order_by", "limit", "offset"];

impl Wish {
    /// What a query asks for; none where it asks for the log.
    pub fn in_query(parameters: &HashMap<String, String>) -> Option<Self> {
        let given = |name: &&str| parameters.get(&format!("subset__{name}")).filter(|value| !value.is_empty());
        let asked = NAMES.iter().filter_map(|name| Some(((*name).to_owned(), Json::String(given(name)?.clone()))));
        let asked: Map<String, Json> = asked.collect();
        (!asked.is_empty()).then_some(Self(asked))
    }

    /// What a body asks for: by itself, or under `subset`.
    pub fn in_body(body: &Map<String, Json>) -> Result<Self, Invalid> {
        match body.get("subset") {
            None | Some(Json::Null) => Ok(Self(body.clone())),
            Some(Json::Object(asked)) => Ok(Self(asked.clone())),
            Some(_) => Err(Invalid::of("subset", "is invalid")),
        }
    }

    pub(super) fn read(&self) -> Result<Asked, Invalid> {
        let mut invalid = Invalid::default();
        let limit = invalid.take("limit", self.number("limit"));
        let offset = invalid.take("offset", self.number("offset"));
        let asked = Asked {
            clause: invalid.take("where", self.text("where")),
            parameters: invalid.take("params", self.parameters()),
            order_by: invalid.take("order_by", self.text("order_by")),
            limit: invalid.take("limit", from(1, limit, "must be greater than 0")),
            offset: invalid.take("offset", from(0, offset, "must be greater than or equal to 0")).unwrap_or(0),
        };
        if (limit.is_some() || offset.is_some()) && asked.order_by.is_none() {
            invalid.note("order_by", "order_by is required when limit or offset is present");
        }
        invalid.refuse_any().map_err(Invalid::in_subset)?;
        Ok(asked)
    }

    fn given(&self, name: &str) -> Option<&Json> {
        self.0.get(name).filter(|value| !value.is_null() && *value != "")
    }

    fn text(&self, name: &str) -> Result<Option<String>, &'static str> {
        self.given(name).map(|value| value.as_str().map(str::to_owned).ok_or("is invalid")).transpose()
    }

    fn number(&self, name: &str) -> Result<Option<i64>, &'static str> {
        let read = |value: &Json| match value {
            Json::String(digits) => digits.parse().ok(),
            number => number.as_i64(),
        };
        self.given(name).map(|value| read(value).ok_or("is invalid")).transpose()
    }

    /// By number, as an object or as the text of one.
    fn parameters(&self) -> Result<Parameters, &'static str> {
        let read: Json;
        let given = match self.given("params") {
            None => return Ok(Parameters::new()),
            Some(Json::String(text)) => {
                read = serde_json::from_str(text).map_err(|_| "params must be valid JSON")?;
                &read
            }
            Some(given) => given,
        };
        let object = given.as_object().ok_or("params must be a JSON object")?;
        let parameter = |(number, value): (&String, &Json)| Some((number.parse().ok()?, plain(value)?));
        object.iter().map(|entry| parameter(entry).ok_or("is invalid")).collect()
    }
}

/// A number that is there must be so great at least.
fn from(least: i64, number: Option<i64>, otherwise: &'static str) -> Result<Option<u64>, &'static str> {
    let is_enough = number.is_none_or(|number| number >= least);
    if is_enough { Ok(number.map(i64::unsigned_abs)) } else { Err(otherwise) }
}

/// The text of a value that is one.
fn plain(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: &Json) -> Result<Asked, Invalid> {
        Wish::in_body(body.as_object().unwrap())?.read()
    }

    #[test]
    fn a_body_and_a_query_ask_for_the_same() {
        let body = json!({"where": "version > $1", "params": {"1": 5}, "order_by": "id", "limit": 2, "offset": 0});
        let asked = read(&body).unwrap();
        assert_eq!(
            (asked.parameters.get(&1).map(String::as_str), asked.limit, asked.offset),
            (Some("5"), Some(2), 0)
        );
        let query = body.as_object().unwrap().iter();
        let query = query.map(|(name, value)| (format!("subset__{name}"), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
        assert_eq!(Wish::in_query(&query.collect()).unwrap().read().unwrap(), asked);
        assert_eq!(read(&json!({"subset": body})).unwrap(), asked);
        assert_eq!(read(&json!({"where": null})).unwrap(), Asked::default());
        assert_eq!(Wish::in_query(&HashMap::from([("subset__limit".to_owned(), String::new())])), None);
    }

    #[test]
    fn what_is_of_another_type_is_refused() {
        for (body, name, what) in [
            (json!({"limit": 2}), "order_by", "order_by is required when limit or offset is present"),
            (json!({"offset": "0"}), "order_by", "order_by is required when limit or offset is present"),
            (json!({"order_by": "id", "limit": 0}), "limit", "must be greater than 0"),
            (json!({"order_by": "id", "offset": -1}), "offset", "must be greater than or equal to 0"),
            (json!({"order_by": "id", "limit": 1.5}), "limit", "is invalid"),
            (json!({"order_by": 1}), "order_by", "is invalid"),
            (json!({"where": ["x"]}), "where", "is invalid"),
            (json!({"params": "[]"}), "params", "params must be a JSON object"),
            (json!({"params": "{"}), "params", "params must be valid JSON"),
            (json!({"params": {"1": []}}), "params", "is invalid"),
            (json!({"params": {"one": "1"}}), "params", "is invalid"),
        ] {
            assert_eq!(read(&body), Err(Invalid::of(name, what).in_subset()), "{body}");
        }
        assert_eq!(read(&json!({"subset": 5})), Err(Invalid::of("subset", "is invalid")));
    }
}
