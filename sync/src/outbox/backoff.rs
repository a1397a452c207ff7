//! What is worth trying again, and how long to wait before.
//!
//! **Invariant:** no pause is longer than [`LONGEST_PAUSE_MS`], whoever asks for it; so a moment further ahead than that is known to be
//! a clock's mistake.

use protocol::ProblemCode;

/// The longest pause of all, and so the longest that `Retry-After` is obeyed.
pub const LONGEST_PAUSE_MS: i64 = 60 * 60 * 1_000;
/// The first pause after a fault; it doubles with each further one.
const FIRST_PAUSE_MS: i64 = 1_000;
/// The longest pause after a fault.
const LONGEST_AFTER_FAULT_MS: i64 = 5 * 60 * 1_000;
/// The first pause before the server is asked again what the supervisor says; it doubles with each further one.
const FIRST_HOLD_MS: i64 = 60 * 1_000;

/// Whether the same write may well succeed later.
pub const fn is_transient(code: ProblemCode) -> bool {
    matches!(
        code,
        ProblemCode::RateLimited | ProblemCode::Unavailable | ProblemCode::Internal | ProblemCode::Unknown
    )
}

/// The pause before the next attempt: doubling, with a half of it by chance.
pub fn pause_ms(attempts: u32, jitter: f64) -> i64 {
    let whole = doubled(FIRST_PAUSE_MS, attempts).min(LONGEST_AFTER_FAULT_MS);
    whole / 2 + (whole as f64 / 2.0 * jitter.clamp(0.0, 1.0)) as i64
}

/// How much of what a server's `Retry-After` asks for is obeyed.
pub fn obeyed_ms(retry_after_ms: i64) -> i64 {
    retry_after_ms.clamp(0, LONGEST_PAUSE_MS)
}

/// The pause before the server is asked for the `asked`-th time what became of a held write.
pub fn hold_ms(asked: u32) -> i64 {
    doubled(FIRST_HOLD_MS, asked).min(LONGEST_PAUSE_MS)
}

fn doubled(first_ms: i64, times: u32) -> i64 {
    first_ms << times.saturating_sub(1).min(20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!(
            [1, 2, 3, 9, 10, 99].map(|attempts| pause_ms(attempts, 1.0)),
            [1_000, 2_000, 4_000, 256_000, 300_000, 300_000]
        );
        assert_eq!(pause_ms(1, 0.0), 500);
        let minutes = [1, 2, 3, 6, 7, 99].map(|asked| hold_ms(asked) / 60_000);
        assert_eq!(minutes, [1, 2, 4, 32, 60, 60]);
    }

    #[test]
    fn a_server_is_obeyed_for_an_hour_at_most() {
        assert_eq!([7_000, -5, i64::MAX].map(obeyed_ms), [7_000, 0, LONGEST_PAUSE_MS]);
    }
}
