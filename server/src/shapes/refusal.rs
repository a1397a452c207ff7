//! What a client is told whose parameters are not right: Electric's own form.
//!
//! Parameters are checked in Electric's order. What is wrong with the form of single values is told all at once; what is
//! wrong with the request as a whole is told where it is first met.
//!
//! **Invariant:** a refusal names parameters of the request and nothing else.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::{borrow::Cow, collections::BTreeMap};
use utoipa::ToSchema;

/// Parameters that are not right, each with what is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Invalid {
    errors: BTreeMap<&'static str, Cow<'static, str>>,
    /// Whether they are those of a subset.
    is_subset: bool,
}

impl Invalid {
    /// One parameter that is not right.
    pub fn of(parameter: &'static str, what: impl Into<Cow<'static, str>>) -> Self {
        let mut invalid = Self::default();
        invalid.note(parameter, what);
        invalid
    }

    /// The same of a subset's parameters.
    pub fn in_subset(self) -> Self {
        Self { is_subset: true, ..self }
    }

    /// Notes that a parameter is not right.
    pub fn note(&mut self, parameter: &'static str, what: impl Into<Cow<'static, str>>) {
        self.errors.insert(parameter, what.into());
    }

    /// The value; nothing much, and a note, where it is not right.
    pub fn take<T: Default>(&mut self, parameter: &'static str, read: Result<T, &'static str>) -> T {
        read.unwrap_or_else(|what| {
            self.note(parameter, what);
            T::default()
        })
    }

    /// Refuses where anything was noted.
    pub fn refuse_any(self) -> Result<(), Self> {
        if self.errors.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// Electric's answer to parameters that are not right.
#[derive(Serialize, ToSchema)]
pub struct InvalidRequest {
    message: &'static str,
    /// Parameter → what is wrong with it; those of a subset under `subset`.
    errors: BTreeMap<&'static str, WrongParameter>,
}

/// What is wrong with a parameter, or with those of a subset.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum WrongParameter {
    One([Cow<'static, str>; 1]),
    Subset(BTreeMap<&'static str, [Cow<'static, str>; 1]>),
}

impl IntoResponse for Invalid {
    fn into_response(self) -> Response {
        let errors = self.errors.into_iter();
        let errors = if self.is_subset {
            let subset = errors.map(|(parameter, what)| (parameter, [what])).collect();
            BTreeMap::from([("subset", WrongParameter::Subset(subset))])
        } else {
            errors.map(|(parameter, what)| (parameter, WrongParameter::One([what]))).collect()
        };
        let body = InvalidRequest {
            message: "Invalid request",
            errors,
        };
        (StatusCode::BAD_REQUEST, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }
}
