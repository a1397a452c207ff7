//! The one place of the device where time and chance come from.

use domain::Date;
use sync::{Clock, outbox::settle::Now, shape_stream::Moment};

/// The browser's clock and dice.
#[derive(Clone, Copy, Debug, Default)]
pub struct BrowserClock;

impl BrowserClock {
    /// What the pure code takes for a decision.
    pub fn now(self) -> Now {
        Now {
            ms: now_ms(),
            jitter: self.jitter(),
        }
    }
}

impl Clock for BrowserClock {
    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn jitter(&self) -> f64 {
        js_sys::Math::random()
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// Now, by both clocks.
pub fn moment() -> Moment {
    let performance = web_sys::window().and_then(|window| window.performance());
    Moment {
        wall_ms: now_ms(),
        steady_ms: performance.map_or(0, |performance| performance.now() as i64),
    }
}

/// Today where the tablet is, not in UTC: a due date turns at the user's midnight.
pub fn today() -> Date {
    let now = js_sys::Date::new_0();
    let part = |number: u32| u8::try_from(number).ok();
    let local = || Date::new(i16::try_from(now.get_full_year()).ok()?, part(now.get_month() + 1)?, part(now.get_date())?);
    local().unwrap_or_else(|| domain::Timestamp::from_millis(now_ms()).date_utc())
}
