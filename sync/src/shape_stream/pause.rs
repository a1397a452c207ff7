//! How long a stream rests.
//!
//! **Invariant:** with the same chance a further fault never rests shorter, and nothing rests longer than an hour and a quarter.

use crate::outbox::backoff;

/// What the server has refused is asked again this seldom.
pub const REFUSED_PAUSE_MS: i64 = 5 * 60 * 1_000;
/// A server may ask for more; it may also be wrong.
const LONGEST_RETRY_AFTER_MS: i64 = 60 * 60 * 1_000;

/// The pause after so many faults: at least what the server asks for, and up to a quarter more by chance, so that a thousand
/// tablets do not come back at once.
pub fn pause_ms(faults: u32, retry_after_ms: Option<i64>, jitter: f64) -> i64 {
    let own = backoff::pause_ms(faults, jitter);
    let asked = retry_after_ms.unwrap_or(0).clamp(0, LONGEST_RETRY_AFTER_MS);
    own.max(asked + (asked as f64 / 4.0 * jitter.clamp(0.0, 1.0)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_end_and_are_never_shorter_than_the_server_asks() {
        for jitter in [0.0, 0.5, 1.0, f64::NAN] {
            let pauses: Vec<_> = (1..100).map(|faults| pause_ms(faults, None, jitter)).collect();
            assert!(pauses.is_sorted() && pauses[0] >= 500 && pauses[98] <= 300_000, "{jitter}: {pauses:?}");
        }
        assert_eq!((pause_ms(1, Some(9_000), 0.0), pause_ms(1, Some(9_000), 1.0)), (9_000, 11_250));
        assert_eq!(pause_ms(1, Some(0), 1.0), 1_000, "a server that asks for no pause is given one");
        assert_eq!(pause_ms(1, Some(-5), 1.0), 1_000);
        assert_eq!(pause_ms(1, Some(i64::MAX), 0.0), LONGEST_RETRY_AFTER_MS);
    }
}
