//! The way to the server, by fetch.
//!
//! A captive portal answers 200 with a page of its own, a proxy 502 with another: what does not read as an answer of
//! our server counts as no answer.
//!
//! **Invariant:** every request ends, by its answer or by its time limit.

mod auth;
mod gzip;
mod photos;
mod shapes;
pub mod supervision;
mod writes;

pub use auth::Confirmation;

use crate::scope::Timer;
use domain::UserId;
use gloo_net::http::{Headers, RequestBuilder};
use protocol::{Problem, ProblemCode, problem::ProblemAnswer};
use serde::{Serialize, de::DeserializeOwned};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::JsValue;
use web_sys::AbortController;

/// The server of this origin.
#[derive(Clone, Default)]
pub struct Http {
    /// Whose rows it asks for: the browser's one cookie may be somebody else's by now.
    user: Option<UserId>,
    reached: Rc<Cell<Option<bool>>>,
}

/// No answer came.
struct Unreached;

/// What the server said.
struct Answer {
    status: u16,
    headers: Headers,
    body: Vec<u8>,
}

impl Http {
    /// The way to the rows of one user.
    pub fn of(user: UserId) -> Self {
        Self {
            user: Some(user),
            ..Self::default()
        }
    }

    /// Whether the latest request reached the server; `None` before the first.
    pub fn reached(&self) -> Option<bool> {
        self.reached.get()
    }

    /// Sends JSON compressed, where it is long and the browser knows how: a hundred writes are much alike.
    async fn ask_compressed(&self, request: RequestBuilder, body: String, limit_ms: i64) -> Result<Answer, Unreached> {
        match gzip::compressed(&body).await {
            Some(bytes) => {
                let request = request.header("content-type", "application/json").header("content-encoding", "gzip");
                self.ask_with(request, bytes.into(), limit_ms).await
            }
            None => self.ask(request, Some(body), limit_ms).await,
        }
    }

    async fn ask(&self, request: RequestBuilder, body: Option<String>, limit_ms: i64) -> Result<Answer, Unreached> {
        let (request, body) = match body {
            Some(body) => (request.header("content-type", "application/json"), body.into()),
            None => (request, JsValue::UNDEFINED),
        };
        self.ask_with(request, body, limit_ms).await
    }

    /// The same with any body, or none where it is undefined.
    async fn ask_with(&self, request: RequestBuilder, body: JsValue, limit_ms: i64) -> Result<Answer, Unreached> {
        let answer = ask(request, body, limit_ms).await;
        self.reached.set(Some(answer.is_ok()));
        answer
    }

    /// Remembers that an answer was not our server's.
    fn not_ours(&self) {
        self.reached.set(Some(false));
    }
}

impl Answer {
    fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What our server refuses with.
    fn problem(&self) -> Option<Problem> {
        (self.status >= 400).then(|| self.json::<ProblemAnswer>()).flatten().map(|answer| answer.error)
    }

    fn retry_after_ms(&self) -> Option<i64> {
        // A date is the server's, and means little by a tablet's clock.
        let date = self.headers.get("date").map(|date| js_sys::Date::parse(&date)).filter(|ms| ms.is_finite());
        pause_ms(&self.headers.get("retry-after")?, date.map_or_else(crate::clock::now_ms, |ms| ms as i64))
    }
}

/// The person's words for a server that could not be reached.
fn unreachable() -> Problem {
    Problem::new(ProblemCode::Unavailable, "Turns could not be reached. Check the connection and try again.")
}

async fn ask(request: RequestBuilder, body: JsValue, limit_ms: i64) -> Result<Answer, Unreached> {
    let limit = Limit::new(limit_ms);
    let request = request.abort_signal(limit.0.as_ref().map(AbortController::signal).as_ref()).body(body);
    let response = request.map_err(|_| Unreached)?.send().await.map_err(|_| Unreached)?;
    let body = response.binary().await.map_err(|_| Unreached)?;
    Ok(Answer {
        status: response.status(),
        headers: response.headers(),
        body,
    })
}

fn to_body(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

/// `Retry-After`, in seconds or as a date.
fn pause_ms(text: &str, now_ms: i64) -> Option<i64> {
    if let Ok(seconds) = text.trim().parse::<i64>() {
        return Some(seconds.max(0).saturating_mul(1_000));
    }
    let at_ms = js_sys::Date::parse(text);
    at_ms.is_finite().then(|| (at_ms as i64).saturating_sub(now_ms).max(0))
}

/// Ends a request after its time, and also when nobody waits for it any more.
struct Limit(Option<AbortController>, Option<Timer>);

impl Limit {
    fn new(limit_ms: i64) -> Self {
        let controller = AbortController::new().ok();
        let timer = controller.clone().map(|controller| Timer::after(limit_ms, move || controller.abort()));
        Self(controller, timer)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        self.1 = None;
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}
