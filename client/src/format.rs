//! Dates, durations and counts as people read them.

use domain::Date;

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

/// How long until then: `in 40 s`, `in 3 min`, `now`.
pub fn until(then_ms: i64, now_ms: i64) -> String {
    match (then_ms - now_ms).div_euclid(1_000) {
        ..=0 => "now".to_owned(),
        seconds @ 1..=90 => format!("in {seconds} s"),
        seconds => format!("in {} min", seconds / 60),
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
        assert_eq!((count(1, "turn", "turns"), count(0, "turn", "turns")), ("1 turn".into(), "0 turns".into()));
    }
}
