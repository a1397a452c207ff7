//! Everything that can go wrong, as the server says it and the device keeps it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The stable name of a problem; `error.type` in every answer that is not a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProblemCode {
    /// No session, or one that has ended.
    Unauthenticated,
    /// Signed in, but not allowed.
    Permission,
    /// No such row, table or address.
    NotFound,
    /// Somebody else wrote the row first.
    Conflict,
    /// A write that this one builds on has not been applied.
    Blocked,
    /// The author has lost sight of the row since they saw it: the write is kept for a supervisor, who adopts or refuses it.
    /// Asked again under its id, it is answered with how it stands.
    Quarantined,
    /// The body is larger than the server reads.
    PayloadTooLarge,
    /// The values are not right; `fields` says which.
    Validation,
    /// Too many requests; `Retry-After` says when again.
    RateLimited,
    /// The server cannot answer now; try again.
    Unavailable,
    /// A fault of the server's own. No detail leaks.
    Internal,
    /// A code of a newer server.
    #[serde(other)]
    Unknown,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Which kind.
    #[serde(rename = "type")]
    pub code: ProblemCode,
    /// One sentence for a person.
    pub message: String,
    /// Column → what is wrong with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Both sides of a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<Box<Conflicts>>,
}

/// What the author had and what the server has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Conflicts {
    /// The version that the write was made on.
    pub local_version: Option<i64>,
    /// The version that the server has.
    pub server_version: i64,
    /// The columns that the author gave.
    pub local_data: Map<String, Json>,
    /// The row as the server has it, as far as the author may see it.
    pub server_data: Map<String, Json>,
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProblemAnswer {
    /// Always false.
    pub success: bool,
    /// What went wrong.
    pub error: Problem,
}

impl ProblemCode {
    /// The HTTP status that goes with the code.
    pub const fn status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Permission | Self::Quarantined => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::PayloadTooLarge => 413,
            Self::Validation => 422,
            Self::Blocked => 424,
            Self::RateLimited => 429,
            Self::Internal | Self::Unknown => 500,
            Self::Unavailable => 503,
        }
    }
}

impl Problem {
    /// A problem without further data.
    pub fn new(code: ProblemCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: BTreeMap::new(),
            conflicts: None,
        }
    }

    /// Wrong values, by column.
    pub fn validation(message: impl Into<String>, fields: BTreeMap<String, String>) -> Self {
        Self {
            fields,
            ..Self::new(ProblemCode::Validation, message)
        }
    }
}

impl From<Problem> for ProblemAnswer {
    fn from(error: Problem) -> Self {
        Self { success: false, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_problem_reads_as_documented() {
        let problem = Problem::validation("some values are not right", BTreeMap::from([("due_date".into(), "must be a date".into())]));
        let answer = serde_json::to_value(ProblemAnswer::from(problem)).unwrap();
        assert_eq!(
            answer,
            json!({"success": false, "error": {"type": "VALIDATION", "message": "some values are not right", "fields": {"due_date": "must be a date"}}})
        );
    }

    #[test]
    fn a_code_of_a_newer_server_is_still_a_problem() {
        let problem: Problem = serde_json::from_value(json!({"type": "TEAPOT", "message": "no coffee"})).unwrap();
        assert_eq!(problem.code, ProblemCode::Unknown);
    }
}
