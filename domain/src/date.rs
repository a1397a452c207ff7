//! Calendar dates and instants in PostgreSQL's text form.

use std::{fmt, str::FromStr};

/// A day without a time zone, as a lease or a due date has it. Written `2026-11-23`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(jiff::civil::Date);

/// An instant in microseconds since 1970 UTC. Written as PostgreSQL's `timestamptz` in UTC:
/// `2026-11-23 04:48:01.25+00`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// The text is not a date, or not an instant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a {0}")]
pub struct NotATime(&'static str);

impl Date {
    /// A day of the Gregorian calendar, or `None` where there is no such day.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        jiff::civil::Date::new(year, month, day).ok().map(Self)
    }

    /// Whole days from `earlier` to `self`; negative when `self` comes first.
    pub fn days_since(self, earlier: Self) -> i32 {
        (self.0 - earlier.0).get_days()
    }

    /// The day so many days later (or earlier); stays put at the end of the calendar.
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(days)))
    }

    /// The year, for numbering (`TURN-2026-00001`).
    pub fn year(self) -> i16 {
        self.0.year()
    }
}

impl FromStr for Date {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        // Only the plain form: jiff would also take `20261123` and a date with a time behind it.
        if text.len() != 10 {
            return Err(NotATime("date"));
        }
        let date: jiff::civil::Date = text.parse().map_err(|_| NotATime("date"))?;
        // PostgreSQL's calendar has no year 0.
        if date.year() < 1 { Err(NotATime("date")) } else { Ok(Self(date)) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Timestamp {
    /// From microseconds since 1970 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since 1970 UTC, as browsers tell the time.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since 1970 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970 UTC.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The day of this instant in UTC.
    pub fn date_utc(self) -> Date {
        Date(self.civil_utc().date())
    }

    fn civil_utc(self) -> jiff::civil::DateTime {
        let instant = jiff::Timestamp::from_microsecond(self.0).unwrap_or_default();
        jiff::tz::Offset::UTC.to_datetime(instant)
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| NotATime("timestamp"))?;
        let at = Self(instant.as_microsecond());
        if at.civil_utc().year() < 1 { Err(NotATime("timestamp")) } else { Ok(at) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil_utc();
        write!(f, "{} {}+00", civil.date(), civil.time())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_and_writes_postgresql_text() {
        for text in ["2026-01-02 03:04:05.678901+00", "2026-01-02 03:04:05+00", "2026-11-23 00:00:00.5+00"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_timestamp_reads_what_javascript_writes() {
        let from_js: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        assert_eq!(from_js.to_string(), "2026-01-02 03:04:05.678+00");
        assert_eq!(from_js.date_utc(), Date::new(2026, 1, 2).unwrap());
        assert!("0000-12-31T23:59:59Z".parse::<Timestamp>().is_err());
    }

    #[test]
    fn only_whole_dates_are_dates() {
        assert_eq!("2026-02-28".parse::<Date>().unwrap().to_string(), "2026-02-28");
        for bad in ["2026-02-30", "20260228", "2026-02-28T00:00", "0000-01-01", "", "tomorrow"] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }

    #[test]
    fn days_are_counted_across_months() {
        let out = Date::new(2026, 10, 31).unwrap();
        assert_eq!(Date::new(2026, 11, 23).unwrap().days_since(out), 23);
        assert_eq!(out.plus_days(1), Date::new(2026, 11, 1).unwrap());
    }
}
