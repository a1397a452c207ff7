//! The Gregorian calendar in whole numbers: year, month and day from a count of days, and back.
//!
//! Written out here, and not taken from a library, for what the library weighs: with its parser, its time zones and its errors' texts it was
//! a tenth of the code that a tablet loads. The tests hold every day against that library.
//!
//! The arithmetic is Howard Hinnant's, <https://howardhinnant.github.io/date_algorithms.html>: years begin in March, so that the leap day
//! comes last, and 400 of them (an era) have 146,097 days.
//!
//! **Invariant:** for each day of the years 1 to 9999, `of_days(days_of(day)) == day`.

/// A day by its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// 1 to 9999.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// 0001-01-01 in days since 1970-01-01.
pub const FIRST_DAY: i32 = -719_162;
/// 9999-12-31 in days since 1970-01-01.
pub const LAST_DAY: i32 = 2_932_896;

const DAYS_PER_ERA: i32 = 146_097;
const YEARS_PER_ERA: i32 = 400;
/// From the first of March of the year 0 to 1970-01-01.
const DAYS_BEFORE_1970: i32 = 719_468;

/// Days since 1970-01-01; `None` where the calendar has no such day, or the year is not one of 1 to 9999.
pub fn days_of(civil: Civil) -> Option<i32> {
    let Civil { year, month, day } = civil;
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    let year = i32::from(year) - i32::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(YEARS_PER_ERA), year.rem_euclid(YEARS_PER_ERA));
    let months_since_march = (i32::from(month) + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + i32::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970)
}

/// The day so many days after 1970-01-01; the first or the last of the calendar where it would be beyond.
pub fn of_days(days: i32) -> Civil {
    let days = days.clamp(FIRST_DAY, LAST_DAY) + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = if months_since_march < 10 {
        months_since_march + 3
    } else {
        months_since_march - 9
    };
    let year = era * YEARS_PER_ERA + year_of_era + i32::from(month <= 2);
    Civil {
        year: small(year),
        month: small(month),
        day: small(day),
    }
}

/// The clamped count of days above leaves nothing that would not fit.
fn small<T: TryFrom<i32> + Default>(number: i32) -> T {
    T::try_from(number).unwrap_or_default()
}

const fn days_in(year: i16, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_the_librarys() {
        let mut expected = jiff::civil::Date::new(1, 1, 1).unwrap();
        for days in FIRST_DAY..=LAST_DAY {
            let civil = of_days(days);
            let by_parts = (civil.year, civil.month, civil.day);
            let expected_parts = (expected.year(), expected.month().unsigned_abs(), expected.day().unsigned_abs());
            assert_eq!(by_parts, expected_parts);
            assert_eq!(days_of(civil), Some(days));
            expected = expected.tomorrow().unwrap_or(expected);
        }
        assert_eq!(expected, jiff::civil::Date::MAX);
    }

    #[test]
    fn there_is_no_other_day() {
        for (year, month, day) in [
            (2026, 2, 29),
            (1900, 2, 29),
            (2026, 4, 31),
            (2026, 0, 1),
            (2026, 13, 1),
            (2026, 1, 0),
            (0, 1, 1),
            (-4, 1, 1),
            (10_000, 1, 1),
        ] {
            assert_eq!(days_of(Civil { year, month, day }), None, "{year}-{month}-{day}");
        }
        assert!(days_of(Civil { year: 2000, month: 2, day: 29 }).is_some());
        assert_eq!(of_days(i32::MAX), of_days(LAST_DAY));
        assert_eq!(of_days(i32::MIN), of_days(FIRST_DAY));
    }
}
