//! What is worth trying again, and how long to wait before.

use protocol::ProblemCode;

/// The first pause after a fault; it doubles with each further one.
const FIRST_PAUSE_MS: i64 = 1_000;
/// The longest pause.
const LONGEST_PAUSE_MS: i64 = 5 * 60 * 1_000;

/// Whether the same write may well succeed later.
pub const fn is_transient(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::RateLimited | ProblemCode::Unavailable | ProblemCode::Internal | ProblemCode::Unknown
    )
}

/// The pause before the next attempt: doubling, with a half of it by chance.
pub fn pause_ms(attempts: u32, jitter: f64) -> i64 {
    let doubled = FIRST_PAUSE_MS << attempts.saturating_sub(1).min(20);
    let whole = doubled.min(LONGEST_PAUSE_MS);
    whole / 2 + (whole as f64 / 2.0 * jitter.clamp(0.0, 1.0)) as i64
}
