//! What an answer of Electric's is: one for the client, a word about what the client asked, or none.
//!
//! **Invariant:** only answers in Electric's own form reach a client; what Electric says of what we asked stays in the log.

use super::{body::chunk, wire::Answered};
use crate::metrics::ElectricFailure;
use axum::{
    body::Bytes,
    http::{HeaderValue, StatusCode, header},
};
use protocol::shape::HANDLE_HEADER;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::timeout;

/// No word of Electric's about a request is longer.
const LONGEST_WORD: usize = 16 * 1024;
/// What of a question is the client's: where it stands.
const OF_THE_CLIENT: [&str; 5] = ["offset", "handle", "live", "live_sse", "cursor"];
const TOO_LONG: &[u8] = br#"{"message":"Invalid request","errors":{"where":["is longer than can be asked for"]}}"#;
const KNOWN_ERROR: &str = "electric-internal-known-error";

/// What an answer is.
pub enum Verdict {
    /// For the client.
    Answer(Answered),
    /// 400 for the client: Electric's own body.
    ClientsFault(Bytes),
    /// We have asked wrongly: what Electric says of it.
    OurFault(String),
    /// Electric has too much to do, or needs a moment.
    Busy(String, Option<HeaderValue>),
    /// No answer of a working Electric.
    None(ElectricFailure, String, Option<HeaderValue>),
}

#[derive(Deserialize)]
struct Word {
    #[serde(default)]
    errors: BTreeMap<String, serde_json::Value>,
}

impl Verdict {
    /// Judges by status and head; the body of what is no answer is read as far as a word goes, and for no longer than that.
    pub async fn on(mut answered: Answered, patience: Duration) -> Self {
        let status = answered.response.status();
        let headers = answered.response.headers();
        let is_electrics = headers.contains_key(HANDLE_HEADER);
        let retry_after = headers.get(header::RETRY_AFTER).cloned();
        let is_known = headers.contains_key(KNOWN_ERROR);
        match status {
            StatusCode::OK | StatusCode::NOT_MODIFIED if is_electrics => return Self::Answer(answered),
            // It names no handle where the table was changed under it.
            StatusCode::CONFLICT => return Self::Answer(answered),
            _ => {}
        }
        let word = timeout(patience, word(&mut answered, patience)).await.unwrap_or_default();
        let said = || format!("{status}: {}", String::from_utf8_lossy(&word));
        match status {
            StatusCode::BAD_REQUEST if is_of_the_client(&word) => Self::ClientsFault(word),
            StatusCode::BAD_REQUEST => Self::OurFault(said()),
            // Nothing but a clause with its constants is ever long.
            StatusCode::URI_TOO_LONG => Self::ClientsFault(Bytes::from_static(TOO_LONG)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let why = "it takes another secret than ELECTRIC_SECRET".to_owned();
                Self::None(ElectricFailure::WrongSecret, why, None)
            }
            StatusCode::SERVICE_UNAVAILABLE if is_known => Self::Busy(said(), retry_after),
            StatusCode::TOO_MANY_REQUESTS => Self::Busy(said(), retry_after),
            _ => Self::None(ElectricFailure::NoAnswer, said(), retry_after),
        }
    }
}

fn is_of_the_client(word: &[u8]) -> bool {
    let word: Option<Word> = serde_json::from_slice(word).ok();
    word.is_some_and(|word| !word.errors.is_empty() && word.errors.keys().all(|field| OF_THE_CLIENT.contains(&field.as_str())))
}

async fn word(answered: &mut Answered, patience: Duration) -> Bytes {
    let mut word = vec![];
    while let Ok(Some(bytes)) = chunk(answered, patience).await {
        let room = LONGEST_WORD - word.len();
        word.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if word.len() == LONGEST_WORD {
            break;
        }
    }
    word.into()
}
