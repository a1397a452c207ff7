//! Months of the calendar.
//!
//! **Invariant:** months compare in the order of the calendar.

use domain::Date;
use std::fmt;

/// A month, written `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    /// Months since the year 0.
    count: i32,
}

impl Month {
    /// The month that a day is in.
    pub fn of(date: Date) -> Self {
        let text = date.to_string();
        let month = text.rsplit('-').nth(1).and_then(|month| month.parse::<i32>().ok()).unwrap_or(1);
        Self {
            count: i32::from(date.year()) * 12 + month - 1,
        }
    }

    /// The month so many months later, or earlier.
    pub const fn plus(self, months: i32) -> Self {
        Self { count: self.count + months }
    }

    /// Its first day; `None` beyond the calendar.
    pub fn first_day(self) -> Option<Date> {
        Date::new(self.count.div_euclid(12).try_into().ok()?, self.count.rem_euclid(12) as u8 + 1, 1)
    }

    /// Every month from one to another, both included.
    pub fn between(first: Self, last: Self) -> impl Iterator<Item = Self> {
        (first.count..=last.count).map(|count| Self { count })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.count.div_euclid(12), self.count.rem_euclid(12) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_counted_across_years() {
        let november = Month::of(Date::new(2026, 11, 23).unwrap());
        assert_eq!(
            (november.to_string(), november.plus(2).to_string()),
            ("2026-11".to_owned(), "2027-01".to_owned())
        );
        assert_eq!(november.plus(-12).first_day(), Date::new(2025, 11, 1));
        let names: Vec<_> = Month::between(november, november.plus(2)).map(|month| month.to_string()).collect();
        assert_eq!(names, ["2026-11", "2026-12", "2027-01"]);
    }
}
