//! Calendar dates and instants in PostgreSQL's text form.
//!
//! **Invariant:** a date is a day of the years 1 to 9999; whatever an instant holds, it can be written.

mod civil;
mod digits;

use civil::{Civil, FIRST_DAY, LAST_DAY};
use digits::Digits;
use std::{fmt, str::FromStr};

/// A day without a time zone, as a lease or a due date has it, in days since 1970-01-01. Written `2026-11-23`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(i32);

/// An instant in microseconds since 1970 UTC. Written as PostgreSQL's `timestamptz` in UTC:
/// `2026-11-23 04:48:01.25+00`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// The text is not a date, or not an instant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a {0}")]
pub struct NotATime(&'static str);

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

impl Date {
    /// A day of the Gregorian calendar, or `None` where there is no such day.
    pub fn new(year: i16, month: u8, day: u8) -> Option<Self> {
        civil::days_of(Civil { year, month, day }).map(Self)
    }

    /// The day so many days after 1970-01-01, if the calendar has it.
    pub fn from_days(days: i32) -> Option<Self> {
        (FIRST_DAY..=LAST_DAY).contains(&days).then_some(Self(days))
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// Whole days from `earlier` to `self`; negative when `self` comes first.
    pub const fn days_since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }

    /// The day so many days later (or earlier); stays put at the end of the calendar.
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days).clamp(FIRST_DAY, LAST_DAY))
    }

    /// The year, for numbering (`TURN-2026-00001`).
    pub fn year(self) -> i16 {
        civil::of_days(self.0).year
    }

    fn read(digits: &mut Digits<'_>) -> Option<Self> {
        let year = digits.number(4)?;
        digits.one_of(b"-")?;
        let month = digits.number(2)?;
        digits.one_of(b"-")?;
        let day = digits.number(2)?;
        Self::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?)
    }
}

impl FromStr for Date {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let mut digits = Digits::of(text);
        Self::read(&mut digits).filter(|_| digits.is_at_end()).ok_or(NotATime("date"))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day } = civil::of_days(self.0);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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

    /// The day of this instant in UTC; the first or the last of the calendar where it is beyond.
    pub fn date_utc(self) -> Date {
        let days = i32::try_from(self.0.div_euclid(MICROS_PER_DAY)).unwrap_or(if self.0 < 0 { FIRST_DAY } else { LAST_DAY });
        Date(days.clamp(FIRST_DAY, LAST_DAY))
    }

    /// `2026-01-02 03:04:05.678901+00`, and what JavaScript and ISO 8601 make of it.
    fn read(digits: &mut Digits<'_>) -> Option<Self> {
        let date = Date::read(digits)?;
        digits.one_of(b" Tt")?;
        let (hour, minute) = hours_and_minutes(digits)?;
        let (mut second, mut micros) = (0, 0);
        if digits.one_of(b":").is_some() {
            // A leap second counts as the one before it.
            second = digits.number(2).filter(|second| *second <= 60)?.min(59);
            if digits.one_of(b".").is_some() {
                micros = digits.millionths()?;
            }
        }
        let seconds = i64::from(hour * 3_600 + minute * 60 + second) - offset_seconds(digits)?;
        let instant = i64::from(date.0) * MICROS_PER_DAY + seconds * MICROS_PER_SECOND + i64::from(micros);
        let is_in_calendar = (i64::from(FIRST_DAY)..=i64::from(LAST_DAY)).contains(&instant.div_euclid(MICROS_PER_DAY));
        is_in_calendar.then_some(Self(instant))
    }
}

fn hours_and_minutes(digits: &mut Digits<'_>) -> Option<(u32, u32)> {
    let hour = digits.number(2).filter(|hour| *hour < 24)?;
    digits.one_of(b":")?;
    let minute = digits.number(2).filter(|minute| *minute < 60)?;
    Some((hour, minute))
}

/// `Z`, `+00`, `-05:30` or `+0530`: how far the clock that was read is ahead of UTC.
fn offset_seconds(digits: &mut Digits<'_>) -> Option<i64> {
    let sign = match digits.one_of(b"Zz+-")? {
        b'+' => 1,
        b'-' => -1,
        _ => return Some(0),
    };
    let hours = digits.number(2).filter(|hours| *hours < 24)?;
    let has_colon = digits.one_of(b":").is_some();
    let minutes = if has_colon || !digits.is_at_end() { digits.number(2)? } else { 0 };
    (minutes < 60).then(|| sign * i64::from(hours * 3_600 + minutes * 60))
}

impl FromStr for Timestamp {
    type Err = NotATime;
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let mut digits = Digits::of(text);
        Self::read(&mut digits).filter(|_| digits.is_at_end()).ok_or(NotATime("timestamp"))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.rem_euclid(MICROS_PER_DAY);
        let (seconds, micros) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{} {hour:02}:{minute:02}:{second:02}", self.date_utc())?;
        if micros != 0 {
            // As PostgreSQL: no zeros at the end.
            write!(f, ".{}", format!("{micros:06}").trim_end_matches('0'))?;
        }
        f.write_str("+00")
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
    use proptest::prelude::*;

    #[test]
    fn a_timestamp_reads_and_writes_postgresql_text() {
        for text in [
            "2026-01-02 03:04:05.678901+00",
            "2026-01-02 03:04:05+00",
            "2026-11-23 00:00:00.5+00",
            "1969-12-31 23:59:59.999999+00",
            "0001-01-01 00:00:00+00",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_timestamp_reads_what_javascript_and_other_clocks_write() {
        let from_js: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        assert_eq!(from_js.to_string(), "2026-01-02 03:04:05.678+00");
        assert_eq!(from_js.date_utc(), Date::new(2026, 1, 2).unwrap());
        for same in [
            "2026-01-02 08:34:05.678+05:30",
            "2026-01-01T22:04:05.678-0500",
            "2026-01-02t03:04:05.678000000z",
            "2026-01-02 04:04:05.678+01",
        ] {
            assert_eq!(same.parse(), Ok(from_js), "{same}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for bad in [
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "2026-01-02",
            "2026-01-02 03:04:05",
            "2026-01-02 24:00:00Z",
            "2026-01-02 03:60:00Z",
            "2026-01-02 03:04:61Z",
            "2026-01-02 03:04:05.Z",
            "2026-01-02 03:04:05.1234567890Z",
            "2026-01-02 03:04:05+0",
            "2026-01-02 03:04:05+00:",
            "2026-01-02 03:04:05+00:60",
            "2026-01-02 03:04:05Z ",
            "",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_instant_beyond_the_calendar_can_be_written() {
        assert!(Timestamp::from_micros(i64::MAX).to_string().starts_with("9999-12-31 "));
        assert!(Timestamp::from_micros(i64::MIN).to_string().starts_with("0001-01-01 "));
    }

    #[test]
    fn only_whole_dates_are_dates() {
        assert_eq!("2026-02-28".parse::<Date>().unwrap().to_string(), "2026-02-28");
        for bad in [
            "2026-02-30",
            "20260228",
            "2026-02-28T00:00",
            "0000-01-01",
            "2026-2-28",
            "+026-02-28",
            "",
            "tomorrow",
        ] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }

    #[test]
    fn days_are_counted_across_months() {
        let out = Date::new(2026, 10, 31).unwrap();
        assert_eq!(Date::new(2026, 11, 23).unwrap().days_since(out), 23);
        assert_eq!(out.plus_days(1), Date::new(2026, 11, 1).unwrap());
        assert_eq!(out.plus_days(i32::MAX).to_string(), "9999-12-31");
        assert_eq!(out.plus_days(i32::MIN).to_string(), "0001-01-01");
    }

    proptest! {
        /// Held against the library that the server tells the time with.
        #[test]
        fn instants_are_the_librarys(micros in -62_135_596_800_000_000_i64..253_402_000_000_000_000, hours in -23_i8..=23) {
            let expected = jiff::Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(expected.to_string().parse(), Ok(Timestamp(micros)));
            prop_assert_eq!(Timestamp(micros).to_string().parse::<jiff::Timestamp>().unwrap(), expected);
            let offset = jiff::tz::Offset::from_hours(hours).unwrap();
            let (local, sign) = (offset.to_datetime(expected), if hours < 0 { '-' } else { '+' });
            if local.year() >= 1 {
                let text = format!("{local}{sign}{:02}", hours.unsigned_abs());
                prop_assert_eq!(text.parse(), Ok(Timestamp(micros)), "{}", text);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[0-9TZ:. +-]{0,30}") {
            let _ = text.parse::<Timestamp>();
            if let Ok(date) = text.parse::<Date>() {
                prop_assert_eq!(date.to_string(), text);
            }
        }
    }
}
