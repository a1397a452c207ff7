//! Everything that goes wrong under `/api`, as one type that answers.
//!
//! **Invariant:** a fault of the server's own is logged here, once, and its detail never leaves the machine.

use axum::{
    Json,
    http::StatusCode,
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
    /// The database's.
    #[error(transparent)]
    Database(#[from] DbErr),
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
            Self::Database(error) => told(&error),
        }
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
        answer(self.into_problem())
    }
}

/// A problem as an HTTP answer.
pub fn answer(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let retry = matches!(problem.code, ProblemCode::Unavailable).then_some([("retry-after", "2")]);
    (
        status,
        retry.map(IntoResponse::into_response).map(|r| r.headers().clone()).unwrap_or_default(),
        Json(ProblemAnswer::from(problem)),
    )
        .into_response()
}

/// The answer where a handler has panicked.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    answer(internal())
}

fn told(error: &DbErr) -> Problem {
    tracing::error!(error = %error, "the database failed");
    let text = error.to_string();
    // SQLITE_BUSY and SQLITE_FULL pass; a caller may come again.
    let passes = matches!(error, DbErr::ConnectionAcquire(_)) || text.contains("database is locked") || text.contains("disk is full");
    if passes {
        Problem::new(ProblemCode::Unavailable, "the server cannot write now; try again")
    } else {
        internal()
    }
}

fn internal() -> Problem {
    Problem::new(ProblemCode::Internal, "something went wrong on the server; nothing of this request was saved")
}
