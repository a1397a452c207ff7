//! One cell of a spreadsheet, as the JSON that a write would bring.
//!
//! **Invariant:** a cell that cannot be understood is passed on as it is, so that the write's own rule refuses it and
//! says what would be right.

use domain::{Column, ColumnType, Date};
use serde_json::Value as Json;

/// The cell's value; `None` where it is empty.
pub fn cell(column: &Column, text: &str) -> Option<Json> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(match column.kind {
        ColumnType::Bool => boolean(text),
        ColumnType::Int4 | ColumnType::Int8 => plain_number(text).parse::<i64>().map_or_else(|_| Json::from(text), Json::from),
        ColumnType::Numeric { .. } => Json::from(plain_number(text)),
        ColumnType::Date => Json::from(us_date(text).map_or_else(|| text.to_owned(), |date| date.to_string())),
        ColumnType::Text | ColumnType::Uuid | ColumnType::Timestamp | ColumnType::TextArray => choice(column, text),
    })
}

fn boolean(text: &str) -> Json {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "1" | "x" => Json::Bool(true),
        "no" | "n" | "false" | "f" | "0" => Json::Bool(false),
        _ => Json::from(text),
    }
}

/// `$1,250.00` → `1250.00`
fn plain_number(text: &str) -> String {
    text.trim_start_matches('$').trim().replace(',', "")
}

/// `11/23/2026`, as spreadsheets write it here.
fn us_date(text: &str) -> Option<Date> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse::<i16>().ok()?);
    if parts.next().is_some() || year < 1_000 {
        return None;
    }
    Date::new(year, month, day)
}

/// `Front` is the choice `front`.
fn choice(column: &Column, text: &str) -> Json {
    let known = column.choices.iter().find(|choice| choice.eq_ignore_ascii_case(text));
    Json::from(known.map_or(text, |choice| choice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Table;
    use serde_json::json;

    #[test]
    fn cells_are_read_as_people_type_them() {
        for (column, text, expected) in [
            ("monthly_rent", " $1,250.00 ", json!("1250.00")),
            ("area_sqft", "1,480", json!(1_480)),
            ("is_active", "Yes", json!(true)),
            ("is_active", "maybe", json!("maybe")),
            ("move_out_date", "11/3/2026", json!("2026-11-03")),
            ("move_out_date", "2026-11-03", json!("2026-11-03")),
            ("move_out_date", "13/31/2026", json!("13/31/2026")),
            ("lock_box_location", "Front", json!("front")),
            ("zip_code", "02134", json!("02134")),
        ] {
            assert_eq!(cell(Table::Properties.column(column).unwrap(), text), Some(expected), "{column} {text}");
        }
        assert_eq!(cell(Table::Properties.column("city").unwrap(), "  "), None);
    }
}
