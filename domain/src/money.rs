//! Money as whole cents; `numeric` text (`1250.00`) on the wire.

use std::{fmt, iter::Sum, ops::Add};

/// A day without a tenant costs the part of a month's rent that this many days make.
pub const DAYS_OF_RENT: i64 = 30;

/// An amount in US cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cents(pub i64);

impl Cents {
    /// `quantity × unit cost`, where the quantity has two decimals; halves round away from zero.
    /// Saturates instead of overflowing.
    pub fn times_hundredths(self, quantity_hundredths: i64) -> Self {
        let product = i128::from(self.0) * i128::from(quantity_hundredths);
        let rounded = (product + 50 * product.signum()) / 100;
        Self(rounded.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }
}

impl Cents {
    /// What a home with this monthly rent loses while it stands empty for so many days; halves round up.
    pub fn lost_in_days(self, days: i64) -> Self {
        let (rent, days_of_rent) = (i128::from(self.0) * i128::from(days), i128::from(DAYS_OF_RENT));
        let lost = (rent * 2 + days_of_rent).div_euclid(days_of_rent * 2);
        Self(lost.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }
}

impl Add for Cents {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self(0), Add::add)
    }
}

impl fmt::Display for Cents {
    /// As on the screen: `$1,250.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = (self.0.unsigned_abs() / 100).to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}${grouped}.{:02}", self.0.unsigned_abs() % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        for (cents, text) in [
            (0, "$0.00"),
            (5, "$0.05"),
            (125_000, "$1,250.00"),
            (100_000_000, "$1,000,000.00"),
            (-1_999, "-$19.99"),
        ] {
            assert_eq!(Cents(cents).to_string(), text);
        }
    }

    #[test]
    fn an_empty_home_loses_a_thirtieth_of_its_rent_a_day() {
        assert_eq!(Cents(150_000).lost_in_days(23), Cents(115_000));
        assert_eq!((Cents(100).lost_in_days(1), Cents(45).lost_in_days(1)), (Cents(3), Cents(2)));
        assert_eq!(Cents(i64::MAX).lost_in_days(i64::MAX), Cents(i64::MAX));
    }

    #[test]
    fn quantities_multiply_without_overflow() {
        assert_eq!(Cents(333).times_hundredths(150), Cents(500));
        assert_eq!(Cents(i64::MAX).times_hundredths(i64::MAX), Cents(i64::MAX));
    }
}
