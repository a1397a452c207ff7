//! Where the server makes ids and secrets, and knows a secret again.
//!
//! **Invariant:** nothing else in this crate draws randomness; the demo data draws from a seed instead.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::Rng;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A new UUIDv7.
#[expect(clippy::disallowed_methods, reason = "this is the edge where ids are made")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// 256 random bits, as text that fits into a cookie or a header.
pub fn new_secret() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether somebody knows a secret. Digests are compared, so that the time it takes tells nothing of it.
pub fn is_same_secret(given: &str, secret: &str) -> bool {
    Sha256::digest(given) == Sha256::digest(secret)
}

/// Tells one from a few others; 31 bits, as JavaScript and PostgreSQL's `int4` hold them.
pub fn new_mark() -> u32 {
    rand::rng().next_u32() >> 1
}

/// A random password that a person can copy from a terminal: 80 bits.
pub fn new_password() -> String {
    let mut bytes = [0_u8; 15];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
