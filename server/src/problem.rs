//! Everything that goes wrong under `/api`, as one type that answers.
//!
//! **Invariant:** a fault of the server's own is logged here, once, and its detail never leaves the machine.

use crate::{db::Fault, limits::Exceeded, uploads::StorageError};
use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use protocol::{Problem, ProblemCode, problem::ProblemAnswer};
use sea_orm::DbErr;

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The caller's to mend.
    #[error("{}", .0.message)]
    Refused(Box<Problem>),
    /// Too often.
    #[error("too many requests")]
    Limited(Exceeded),
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The file storage's.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What most of the server returns.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A refusal without further data.
    pub fn refused(code: ProblemCode, message: impl Into<String>) -> Self {
        Problem::new(code, message).into()
    }

    /// What the caller is told.
    pub fn into_problem(self) -> Problem {
        match self {
            Self::Refused(problem) => *problem,
            Self::Limited(exceeded) => exceeded.problem(),
            Self::Database(error) => told(&error),
            Self::Storage(error) => {
                tracing::error!(%error, "the file storage failed");
                Problem::new(ProblemCode::Unavailable, "the server cannot reach its files now; try again")
            }
        }
    }
}

impl From<Exceeded> for Failure {
    fn from(exceeded: Exceeded) -> Self {
        Self::Limited(exceeded)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl From<domain::row::UnreadableRow> for Failure {
    /// A stored row that cannot be read is a fault of the server's own.
    fn from(error: domain::row::UnreadableRow) -> Self {
        Self::Database(DbErr::Custom(error.to_string()))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Limited(exceeded) => exceeded.into_response(),
            failure => answer(failure.into_problem()),
        }
    }
}

/// A problem as an HTTP answer.
pub fn answer(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let is_passing = problem.code == ProblemCode::Unavailable;
    let mut response = (status, Json(ProblemAnswer::from(problem))).into_response();
    if is_passing {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}

/// Middleware: what the framework refuses by itself (a path that is not UTF-8, say) in our form.
pub async fn in_json(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_ours = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let status = response.status();
    if is_ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (code, message) = if status.is_server_error() {
        (ProblemCode::Internal, "something went wrong on the server")
    } else {
        (ProblemCode::Validation, "this request cannot be read")
    };
    let mut answer = answer(Problem::new(code, message));
    *answer.status_mut() = status;
    answer
}

/// The answer where a handler has panicked.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    answer(internal())
}

fn told(error: &DbErr) -> Problem {
    tracing::error!(error = %error, "the database failed");
    match Fault::of(error) {
        Fault::Passing => Problem::new(ProblemCode::Unavailable, "the server cannot reach its data now; try again"),
        Fault::Unstorable => Problem::new(ProblemCode::Validation, "a value is more than the database can hold"),
        Fault::Own => internal(),
    }
}

fn internal() -> Problem {
    Problem::new(ProblemCode::Internal, "something went wrong on the server; nothing of this request was saved")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_fault_of_the_servers_own_keeps_its_detail_to_itself() {
        let database = Failure::Database(DbErr::Custom("no such table: secrets".to_owned())).into_response();
        let panic = panicked(Box::new("index out of bounds: secrets"));
        for response in [database, panic] {
            assert_eq!(response.status(), 500);
            let body = body(response).await;
            assert!(body.contains("INTERNAL") && !body.contains("secrets"), "{body}");
        }
    }

    #[tokio::test]
    async fn a_busy_database_asks_to_come_again() {
        let response = Failure::Database(DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout)).into_response();
        assert_eq!((response.status().as_u16(), response.headers()["retry-after"].as_bytes()), (503, &b"2"[..]));
    }
}
