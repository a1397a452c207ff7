//! What an answer of the server means for a photo.
//!
//! **Invariant:** a photo counts as sent only when the server has said that it has all of it; whatever else it says, the bytes stay here.

use super::{Photo, PhotoState, plan::Asked};
use crate::outbox::{
    Failure,
    backoff::{obeyed_ms, pause_ms},
    settle::Now,
};
use protocol::{Problem, ProblemCode};

/// A server that forgets an upload so often does not want it.
const MOST_BEGUN_AGAIN: u32 = 3;

/// What the server said, or that it did not.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The pieces go there.
    Address(String),
    /// It has so many bytes.
    Has(u64),
    /// No.
    No {
        /// The answer's status.
        status: u16,
        /// What is written in it, where it is our server's.
        problem: Option<Problem>,
        /// When to come again, if it says so.
        retry_after_ms: Option<i64>,
    },
    /// No answer came, or one that is not our server's.
    Nothing,
}

/// What a refusal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turned {
    /// The session is over: nothing changes until its user signs in.
    SignIn,
    /// The upload is not there any more: all of it goes once more.
    BeginAgain,
    /// Device and server disagree about how much there is.
    AskProgress,
    /// It may well succeed later.
    Later,
    /// It will never be taken as it is.
    Never,
}

/// The photo as a request is about to go out: whoever finds it so asks what has become of that.
#[must_use]
pub fn marked(photo: &Photo, asked: Asked) -> Photo {
    Photo {
        is_unanswered: matches!(asked, Asked::Piece { .. }) || photo.is_unanswered,
        ..photo.clone()
    }
    .amended()
}

/// The photo after an answer.
#[must_use]
pub fn settle(photo: &Photo, asked: Asked, said: &Said, now: Now) -> Photo {
    let photo = photo.clone();
    match (asked, said) {
        (Asked::Address, Said::Address(address)) => Photo {
            upload: Some(address.clone()),
            sent_bytes: 0,
            is_unanswered: false,
            ..arrived(photo)
        },
        (Asked::Progress | Asked::Piece { .. }, Said::Has(bytes)) if *bytes <= photo.size_bytes => has(photo, *bytes),
        (
            _,
            Said::No {
                status,
                problem,
                retry_after_ms,
            },
        ) => refused(photo, asked, *status, problem.clone(), *retry_after_ms, now),
        // What does not answer the question was not said by our server.
        (_, Said::Nothing | Said::Has(_)) | (Asked::Progress | Asked::Piece { .. }, Said::Address(_)) => {
            let problem = Problem::new(ProblemCode::Unavailable, "the server could not be reached");
            later(photo, problem, None, now)
        }
    }
    .amended()
}

/// Whether nothing more is to be tried now.
#[must_use]
pub fn ends_run(asked: Asked, said: &Said) -> bool {
    match said {
        Said::Nothing => true,
        Said::No { status, .. } => matches!(turned(asked, *status), Turned::SignIn | Turned::Later),
        Said::Address(_) | Said::Has(_) => false,
    }
}

/// Whether the session is over.
pub const fn needs_sign_in(said: &Said) -> bool {
    matches!(said, Said::No { status: 401, .. })
}

fn has(photo: Photo, bytes: u64) -> Photo {
    let is_complete = bytes == photo.size_bytes;
    Photo {
        sent_bytes: bytes,
        is_unanswered: false,
        state: if is_complete { PhotoState::Sent } else { photo.state },
        ..arrived(photo)
    }
}

fn arrived(photo: Photo) -> Photo {
    Photo {
        attempts: 0,
        next_attempt_at_ms: None,
        last_error: None,
        ..photo
    }
}

const fn turned(asked: Asked, status: u16) -> Turned {
    match (asked, status) {
        (_, 401) => Turned::SignIn,
        (Asked::Progress | Asked::Piece { .. }, 404 | 410) => Turned::BeginAgain,
        (Asked::Progress | Asked::Piece { .. }, 409 | 423 | 460) => Turned::AskProgress,
        (_, 408 | 425 | 429) => Turned::Later,
        (_, 400..=499) => Turned::Never,
        (_, _) => Turned::Later,
    }
}

fn refused(photo: Photo, asked: Asked, status: u16, problem: Option<Problem>, retry_after_ms: Option<i64>, now: Now) -> Photo {
    let problem = problem.unwrap_or_else(|| Problem::new(code_of(status), in_words(status)));
    match turned(asked, status) {
        Turned::SignIn => photo,
        Turned::Later => later(photo, problem, retry_after_ms, now),
        Turned::AskProgress => Photo {
            is_unanswered: true,
            ..later(photo, problem, retry_after_ms, now)
        },
        Turned::BeginAgain if photo.begun_again < MOST_BEGUN_AGAIN => Photo {
            upload: None,
            sent_bytes: 0,
            is_unanswered: false,
            begun_again: photo.begun_again + 1,
            ..later(photo, problem, retry_after_ms, now)
        },
        Turned::BeginAgain | Turned::Never => Photo {
            state: PhotoState::Refused,
            upload: None,
            sent_bytes: 0,
            is_unanswered: false,
            next_attempt_at_ms: None,
            last_error: Some(Failure { problem, at_ms: now.ms }),
            ..photo
        },
    }
}

fn later(photo: Photo, problem: Problem, retry_after_ms: Option<i64>, now: Now) -> Photo {
    let attempts = photo.attempts.saturating_add(1);
    let pause_ms = retry_after_ms.map_or_else(|| pause_ms(attempts, now.jitter), obeyed_ms);
    Photo {
        attempts,
        next_attempt_at_ms: Some(now.ms.saturating_add(pause_ms)),
        last_error: Some(Failure { problem, at_ms: now.ms }),
        ..photo
    }
}

const fn code_of(status: u16) -> ProblemCode {
    match status {
        413 => ProblemCode::PayloadTooLarge,
        429 => ProblemCode::RateLimited,
        400..=499 => ProblemCode::Validation,
        _ => ProblemCode::Unavailable,
    }
}

fn in_words(status: u16) -> String {
    match status {
        413 => "the photo is too large for the server".to_owned(),
        415 => "the server does not take this kind of picture".to_owned(),
        _ => format!("the server answered {status}"),
    }
}
