//! The shared descriptions of problems.
//!
//! A handler lists those that it can answer with by name: `responses((status = 200, …), problems::NotFound)`. What
//! any handler can answer with (no session, a body too large, too many requests, a fault of the server's own) is added by
//! [`super::document`] and not listed.
//!
//! **Invariant:** every code that the server sends has a response here, with an example of what a caller reads.

use protocol::{Conflicts, Problem, ProblemCode, problem::ProblemAnswer};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use utoipa::{
    IntoResponses,
    openapi::{Ref, RefOr, Response},
};

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $code:ident,)*) => {
        $(
            $(#[$doc])*
            pub struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    let shared = Ref::from_response_name(stringify!($name));
                    BTreeMap::from([(ProblemCode::$code.status().to_string(), RefOr::Ref(shared))])
                }
            }
        )*
    };
}

// Those that handlers name.
problems! {
    /// 401
    Unauthenticated = Unauthenticated,
    /// 403
    Permission = Permission,
    /// 404
    NotFound = NotFound,
    /// 409
    Conflict = Conflict,
    /// 422
    Validation = Validation,
    /// 424
    Blocked = Blocked,
    /// 503
    Unavailable = Unavailable,
}

/// Name and code of every shared response.
pub(super) const ALL: [(&str, ProblemCode); 11] = [
    ("Unauthenticated", ProblemCode::Unauthenticated),
    ("Permission", ProblemCode::Permission),
    ("Quarantined", ProblemCode::Quarantined),
    ("NotFound", ProblemCode::NotFound),
    ("Conflict", ProblemCode::Conflict),
    ("PayloadTooLarge", ProblemCode::PayloadTooLarge),
    ("Validation", ProblemCode::Validation),
    ("Blocked", ProblemCode::Blocked),
    ("RateLimited", ProblemCode::RateLimited),
    ("Internal", ProblemCode::Internal),
    ("Unavailable", ProblemCode::Unavailable),
];

/// `components.responses`.
pub(super) fn responses() -> Map<String, Json> {
    ALL.into_iter().map(|(name, code)| (name.to_owned(), response(code))).collect()
}

fn response(code: ProblemCode) -> Json {
    let (description, example) = explain(code);
    let mut response = json!({
        "description": description,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}, "example": ProblemAnswer::from(example)}},
    });
    if matches!(code, ProblemCode::RateLimited | ProblemCode::Unavailable) {
        response["headers"] = json!({"Retry-After": {"description": "Seconds to wait before the next try.", "schema": {"type": "integer", "minimum": 0}}});
    }
    response
}

/// What the code means, and one problem that has it.
fn explain(code: ProblemCode) -> (&'static str, Problem) {
    use ProblemCode as Code;
    let (description, message) = match code {
        Code::Unauthenticated => ("No session, or one that has ended: sign in first.", "sign in first"),
        Code::Permission => (
            "Signed in, but the role does not allow this; or the request comes from another site's page.",
            "your role may not change vendors",
        ),
        Code::Quarantined => (
            "The author has lost sight of the row since they saw it: the write is kept for a supervisor. Asked again, it says how it stands.",
            "this is not yours to change any more; a supervisor will look at what you did",
        ),
        Code::NotFound => (
            "No such row, table or address, as far as the caller may know.",
            "this turn is not there any more",
        ),
        Code::Conflict => (
            "Somebody else wrote the row first. `conflicts` has both sides, the server's as far as the caller may see it.",
            "somebody else changed this first",
        ),
        Code::PayloadTooLarge => (
            "The body is larger than the server reads.",
            "a body may have at most 2 MB; send fewer writes at once",
        ),
        Code::Validation => ("The values are not right. `fields` says which, where it can.", "some values are not right"),
        Code::Blocked => (
            "A write that this one builds on (`after`) has not been applied.",
            "this waits for another write that has not been applied",
        ),
        Code::RateLimited => (
            "Too many requests of this kind: come again after `Retry-After`.",
            "too many requests; try again in a minute",
        ),
        Code::Internal | Code::Unknown => (
            "A fault of the server's own. Nothing of the request was saved, and no detail leaks.",
            "something went wrong on the server; nothing of this request was saved",
        ),
        Code::Unavailable => (
            "The server cannot answer now: try again after `Retry-After`.",
            "the server cannot write now; try again",
        ),
    };
    let mut problem = Problem::new(code, message);
    match code {
        Code::Validation => problem.fields = BTreeMap::from([("due_date".to_owned(), "must be a date such as 2026-11-23".to_owned())]),
        Code::Conflict => problem.conflicts = Some(Box::new(conflicts())),
        _ => {}
    }
    (description, problem)
}

fn conflicts() -> Conflicts {
    let data = |notes: &str| Map::from_iter([("notes".to_owned(), Json::from(notes))]);
    Conflicts {
        local_version: Some(3),
        server_version: 4,
        local_data: data("Keys under the mat"),
        server_data: data("Keys in the lock box"),
    }
}
