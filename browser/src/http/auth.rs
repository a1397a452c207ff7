//! Signing in and out.

use super::{Http, to_body, unreachable};
use gloo_net::http::Request;
use protocol::{LoginAnswer, LoginRequest, PasswordChange, Problem, ProblemCode, SessionAnswer};

const LIMIT_MS: i64 = 20_000;

/// What the server says about the session that this browser holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// It is this user's.
    SignedIn(SessionAnswer),
    /// It is nobody's.
    SignedOut,
    /// The server could not be asked.
    Unknown,
}

impl Http {
    /// `POST /api/auth/login`.
    pub async fn login(&self, email: &str, password: &str) -> Result<LoginAnswer, Problem> {
        let body = to_body(&LoginRequest {
            email: email.to_owned(),
            password: password.to_owned(),
        });
        let answer = self.ask(Request::post("/api/auth/login"), body, LIMIT_MS).await.map_err(|_| unreachable())?;
        match (answer.problem(), answer.json()) {
            (Some(problem), _) => Err(problem),
            (None, Some(signed_in)) if answer.status == 200 => Ok(signed_in),
            (None, _) => {
                self.not_ours();
                Err(unreachable())
            }
        }
    }

    /// `POST /api/auth/password`.
    pub async fn change_password(&self, change: &PasswordChange) -> Result<(), Problem> {
        let body = to_body(change);
        let answer = self.ask(Request::post("/api/auth/password"), body, LIMIT_MS).await.map_err(|_| unreachable())?;
        match answer.problem() {
            Some(problem) => Err(problem),
            None if answer.status == 200 => Ok(()),
            None => {
                self.not_ours();
                Err(unreachable())
            }
        }
    }

    /// `POST /api/auth/logout`. A session that the server does not know is as good as ended.
    pub async fn logout(&self) -> Result<(), Problem> {
        let answer = self
            .ask(Request::post("/api/auth/logout"), Some("{}".to_owned()), LIMIT_MS)
            .await
            .map_err(|_| unreachable())?;
        match answer.problem() {
            Some(problem) if problem.code != ProblemCode::Unauthenticated => Err(problem),
            None if !(200..300).contains(&answer.status) => Err(unreachable()),
            _ => Ok(()),
        }
    }

    /// `GET /api/auth/session`.
    pub async fn session(&self) -> Confirmation {
        let Ok(answer) = self.ask(Request::get("/api/auth/session"), None, LIMIT_MS).await else {
            return Confirmation::Unknown;
        };
        match (answer.status, answer.problem(), answer.json()) {
            (200, _, Some(session)) => Confirmation::SignedIn(session),
            (_, Some(problem), _) if problem.code == ProblemCode::Unauthenticated => Confirmation::SignedOut,
            _ => Confirmation::Unknown,
        }
    }
}
