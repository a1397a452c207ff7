//! What is particular to documents: a row says what file there is; the bytes come beside it.
//!
//! **Invariant:** a document's hash, size and type are possible ones; that they are those of the bytes is checked when
//! the bytes arrive.

use super::refusal;
use crate::problem::Result;
use domain::Row;

/// What a document may be. Pictures as tablets and phones take them, and papers.
pub const CONTENT_TYPES: [&str; 6] = ["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "application/pdf"];

/// Checks what the columns' own rules cannot say.
pub fn require_sound(document: &Row) -> Result<()> {
    let hash = document.text("content_hash").unwrap_or_default();
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hash {
        return Err(refusal::field("content_hash", "must be a SHA-256 digest in lower-case hexadecimal"));
    }
    if !CONTENT_TYPES.contains(&document.text("content_type").unwrap_or_default()) {
        return Err(refusal::field("content_type", &format!("must be one of {}", CONTENT_TYPES.join(", "))));
    }
    if document.int("size_bytes").is_none_or(|bytes| bytes == 0) {
        return Err(refusal::field("size_bytes", "must be more than nothing"));
    }
    Ok(())
}
