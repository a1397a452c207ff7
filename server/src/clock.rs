//! The server's only clock.
//!
//! **Invariant:** nothing else in this crate reads the time; everything below the handlers takes it as an argument.

use domain::Timestamp;
use std::cell::Cell;

thread_local! {
    /// The instant at which this thread's clock stands; none where it goes.
    static STANDS_AT: Cell<Option<Timestamp>> = const { Cell::new(None) };
}

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "this is the edge where time is read")]
pub fn now() -> Timestamp {
    let goes = || Timestamp::from_micros(jiff::Timestamp::now().as_microsecond());
    STANDS_AT.get().unwrap_or_else(goes)
}

/// Stops the clock of this thread, and of what a runtime of one thread runs on it, at an instant. A simulation has a time of its own,
/// and its days are to be the same each time they are played.
pub fn stand_at(instant: Timestamp) {
    STANDS_AT.set(Some(instant));
}
