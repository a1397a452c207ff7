//! The headers of tus 1.0.0.
//!
//! **Invariant:** every answer says which version it speaks, refusals too.

use crate::problem::{self, Failure, Result};
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::{Problem, ProblemCode};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub const LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub const VERSION: HeaderName = HeaderName::from_static("tus-version");
pub const EXTENSIONS: HeaderName = HeaderName::from_static("tus-extension");
pub const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub const ALGORITHMS: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// The one version there is.
const TUS: HeaderValue = HeaderValue::from_static("1.0.0");
/// What the sender who comes second is told.
pub const LOCKED_BY_ANOTHER: &str = "another request sends to this upload; ask with HEAD, then go on";
/// How long an upload may rest.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// Middleware: only requests of our version, and every answer says it.
pub async fn speak_tus(request: Request, next: Next) -> Response {
    let is_ours = request.method() == Method::OPTIONS || request.headers().get(&RESUMABLE) == Some(&TUS);
    let mut response = if is_ours {
        next.run(request).await
    } else {
        let mut response = refused(StatusCode::PRECONDITION_FAILED, "send the header Tus-Resumable: 1.0.0");
        response.headers_mut().insert(VERSION, TUS);
        response
    };
    response.headers_mut().insert(RESUMABLE, TUS);
    response
}

/// A refusal with a status that only tus has.
pub fn refused(status: StatusCode, message: &str) -> Response {
    let mut response = problem::answer(Problem::new(ProblemCode::Validation, message));
    *response.status_mut() = status;
    response
}

/// 460, tus's own number.
pub fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

/// Headers of an answer; all values are our own and plain.
pub fn map(headers: impl IntoIterator<Item = (HeaderName, String)>) -> HeaderMap {
    let valid = |(name, value): (HeaderName, String)| HeaderValue::try_from(value).ok().map(|value| (name, value));
    headers.into_iter().filter_map(valid).collect()
}

/// Until when an upload that began then is kept at least.
pub fn expiry(begun_at: i64) -> (HeaderName, String) {
    let at = jiff::Timestamp::from_second(begun_at / 1_000_000 + KEPT_SECONDS).unwrap_or(jiff::Timestamp::MAX);
    (EXPIRES, at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// A header that must be a whole number.
pub fn number(headers: &HeaderMap, name: HeaderName) -> Result<u64> {
    let text = headers.get(&name).and_then(|value| value.to_str().ok()).map(str::trim);
    let digits = text.filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| wrong(&name, "must be a whole number"))
}

/// What is said about the file: `name value` with the value in base64, divided by commas.
pub fn metadata(headers: &HeaderMap) -> Result<BTreeMap<String, String>> {
    let text = headers.get(&METADATA).map_or(Ok(""), |value| value.to_str()).unwrap_or("?");
    let pair = |pair: &str| {
        let (name, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        let value = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
        Some((name.to_owned(), value))
    };
    let pairs = text.split(',').filter(|part| !part.trim().is_empty()).map(pair);
    pairs
        .collect::<Option<_>>()
        .ok_or_else(|| wrong(&METADATA, "must be names with values in base64"))
}

/// Whether a piece comes as tus wants it.
pub fn is_offset_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().eq_ignore_ascii_case(b"application/offset+octet-stream"))
}

/// The digest that a piece must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum(Vec<u8>);

impl Checksum {
    /// Reads the header, if it is there.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>> {
        let Some(value) = headers.get(&CHECKSUM) else { return Ok(None) };
        let digest = value.to_str().ok().and_then(|text| text.strip_prefix("sha256 "));
        let digest = digest
            .and_then(|digest| STANDARD.decode(digest.trim()).ok())
            .filter(|digest| digest.len() == 32);
        digest
            .map(|digest| Some(Self(digest)))
            .ok_or_else(|| wrong(&CHECKSUM, "must be sha256 and a digest in base64"))
    }

    /// Whether it is the digest of what was read.
    pub fn is_of(&self, read: Sha256) -> bool {
        read.finalize().as_slice() == self.0
    }
}

fn wrong(name: &HeaderName, problem: &str) -> Failure {
    let fields = BTreeMap::from([(name.to_string(), problem.to_owned())]);
    Problem::validation(format!("{name} {problem}"), fields).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        [(name, HeaderValue::from_static(value))].into_iter().collect()
    }

    #[test]
    fn metadata_is_names_with_values_in_base64() {
        let read = |value| metadata(&with(METADATA, value)).ok();
        let pairs = read("entityType dHVybg==,is_first, filename 0LA=").unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("entityType", "turn"), ("filename", "а"), ("is_first", "")]);
        assert_eq!(metadata(&HeaderMap::new()).unwrap(), BTreeMap::new());
        assert_eq!((read("a !"), read("a /w==")), (None, None));
    }

    #[test]
    fn a_number_is_digits() {
        for (value, expected) in [("12", Some(12)), ("0", Some(0)), ("-1", None), ("", None), ("1e3", None), ("+1", None)] {
            assert_eq!(number(&with(OFFSET, value), OFFSET).ok(), expected, "{value}");
        }
    }

    #[test]
    fn a_checksum_is_sha256() {
        let read = |value| Checksum::read(&with(CHECKSUM, value));
        let right = read("sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").unwrap().unwrap();
        assert!(right.is_of(Sha256::new()) && !right.is_of(Sha256::new_with_prefix("a")));
        assert!(read("md5 AAAA").is_err() && read("sha256 AAAA").is_err());
        assert_eq!(Checksum::read(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn an_expiry_is_a_date_of_http() {
        let (_, text) = expiry(784_111_777_000_000);
        assert_eq!(text, "Mon, 07 Nov 1994 08:49:37 GMT");
    }
}
