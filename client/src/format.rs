//! Dates, durations and counts as people read them.

use domain::{Cents, Date};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `23 Nov 2026`.
pub fn day(date: Date) -> String {
    let iso = date.to_string();
    let mut parts = iso.rsplitn(3, '-');
    let (day, month, year) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let month = month
        .parse::<usize>()
        .ok()
        .and_then(|month| MONTHS.get(month.wrapping_sub(1)))
        .copied()
        .unwrap_or(month);
    format!("{} {month} {year}", day.trim_start_matches('0'))
}

/// `1 turn`, `3 turns`.
pub fn count(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// How long a home has been empty.
pub fn vacancy(days: i32) -> String {
    match days {
        0 => "Vacant since today".to_owned(),
        1 => "1 day vacant".to_owned(),
        2.. => format!("{days} days vacant"),
        -1 => "Moves out tomorrow".to_owned(),
        _ => format!("Moves out in {} days", days.unsigned_abs()),
    }
}

/// How long something has been so, in whole days: `today`, `3 days`.
pub fn for_days(days: i32) -> String {
    match days {
        ..=0 => "today".to_owned(),
        _ => count(days.unsigned_abs() as usize, "day", "days"),
    }
}

/// `$1,150`: where cents would only be read, and not reckoned with.
pub fn dollars(amount: Cents) -> String {
    let whole = Cents((amount.0 + 50).div_euclid(100).saturating_mul(100)).to_string();
    whole.trim_end_matches(".00").to_owned()
}

/// How long until then: `in 40 s`, `in 3 min`, `now`.
pub fn until(then_ms: i64, now_ms: i64) -> String {
    match (then_ms - now_ms).div_euclid(1_000) {
        ..=0 => "now".to_owned(),
        seconds @ 1..=90 => format!("in {seconds} s"),
        seconds => format!("in {} min", seconds / 60),
    }
}

/// How long ago: `just now`, `3 min ago`, `5 h ago`, `2 days ago`.
pub fn since(then_ms: i64, now_ms: i64) -> String {
    match (now_ms - then_ms).div_euclid(60_000) {
        ..=0 => "just now".to_owned(),
        minutes @ 1..60 => format!("{minutes} min ago"),
        minutes @ 60..2_880 => format!("{} h ago", minutes / 60),
        minutes => format!("{} days ago", minutes / 1_440),
    }
}

/// `812 kB`, `1.4 GB`.
pub fn bytes(bytes: u64) -> String {
    let (unit, size) = match bytes {
        0..1_000_000 => ("kB", 1e3),
        1_000_000..1_000_000_000 => ("MB", 1e6),
        _ => ("GB", 1e9),
    };
    let amount = bytes as f64 / size;
    if amount < 10.0 {
        format!("{amount:.1} {unit}")
    } else {
        format!("{amount:.0} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_spans_read_as_people_write_them() {
        assert_eq!(day(Date::new(2026, 11, 3).expect("a day")), "3 Nov 2026");
        assert_eq!(
            (vacancy(0), vacancy(1), vacancy(23), vacancy(-5)),
            (
                "Vacant since today".into(),
                "1 day vacant".into(),
                "23 days vacant".into(),
                "Moves out in 5 days".into()
            )
        );
        assert_eq!(
            (until(0, 5), until(40_000, 0), until(180_000, 0)),
            ("now".into(), "in 40 s".into(), "in 3 min".into())
        );
        assert_eq!(
            (since(5, 0), since(0, 180_000), since(0, 7_200_000), since(0, 200_000_000)),
            ("just now".into(), "3 min ago".into(), "2 h ago".into(), "2 days ago".into())
        );
        assert_eq!(
            (bytes(812_000), bytes(48_000_000), bytes(1_400_000_000)),
            ("812 kB".into(), "48 MB".into(), "1.4 GB".into())
        );
        assert_eq!((for_days(0), for_days(1), for_days(12)), ("today".into(), "1 day".into(), "12 days".into()));
        assert_eq!((dollars(Cents(115_049)), dollars(Cents(99))), ("$1,150".into(), "$1".into()));
        assert_eq!((count(1, "turn", "turns"), count(0, "turn", "turns")), ("1 turn".into(), "0 turns".into()));
    }
}
