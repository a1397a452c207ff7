//! The server's only clock.
//!
//! **Invariant:** nothing else in this crate reads the time; everything below the handlers takes it as an argument.

use domain::Timestamp;

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "this is the edge where time is read")]
pub fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}
