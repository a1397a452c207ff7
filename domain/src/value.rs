//! One value of one column, in memory, in PostgreSQL's text form (shapes) and in JSON (writes).

mod array;

use crate::{Date, Timestamp, schema::ColumnType};
use serde_json::Value as Json;
use uuid::Uuid;

/// A column's value. Which variant may stand in a column is decided by its [`ColumnType`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Value {
    /// SQL's NULL.
    #[default]
    Null,
    /// `text`
    Text(Box<str>),
    /// `bool`
    Bool(bool),
    /// `int4` and `int8`
    Int(i64),
    /// `numeric`, as a whole number of the column's smallest unit (cents for money).
    Numeric(i64),
    /// `uuid`
    Uuid(Uuid),
    /// `date`
    Date(Date),
    /// `timestamptz`
    Timestamp(Timestamp),
    /// `text[]`, without NULLs inside.
    Texts(Box<[Box<str>]>),
}

/// The text or JSON is no value of the column's type. The text says what was expected.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{expected}")]
pub struct WrongType {
    /// What would have been right, as a person reads it.
    pub expected: &'static str,
}

impl Value {
    /// Text from anything that is one.
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Whether this is NULL.
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// Reads PostgreSQL's text form; `None` is NULL. Booleans come as `true` or `t`: Electric sends both.
    pub fn from_pg_text(kind: ColumnType, text: Option<&str>) -> Result<Self, WrongType> {
        let Some(text) = text else { return Ok(Self::Null) };
        let value = match kind {
            ColumnType::Text => Some(Self::text(text)),
            ColumnType::Bool => match text {
                "true" | "t" => Some(Self::Bool(true)),
                "false" | "f" => Some(Self::Bool(false)),
                _ => None,
            },
            ColumnType::Int4 => text.parse::<i32>().ok().map(|n| Self::Int(n.into())),
            ColumnType::Int8 => text.parse().ok().map(Self::Int),
            ColumnType::Numeric { scale, digits } => parse_scaled(text, scale, digits).map(Self::Numeric),
            ColumnType::Uuid => Uuid::parse_str(text).ok().map(Self::Uuid),
            ColumnType::Date => text.parse().ok().map(Self::Date),
            ColumnType::Timestamp => text.parse().ok().map(Self::Timestamp),
            ColumnType::TextArray => array::parse(text).map(Self::Texts),
        };
        value.ok_or(WrongType { expected: kind.expected() })
    }

    /// PostgreSQL's text form; `None` is NULL.
    pub fn to_pg_text(&self, kind: ColumnType) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Text(text) => text.to_string(),
            Self::Bool(true) => "true".to_owned(),
            Self::Bool(false) => "false".to_owned(),
            Self::Int(n) => n.to_string(),
            Self::Numeric(unscaled) => format_scaled(*unscaled, kind.scale()),
            Self::Uuid(id) => id.to_string(),
            Self::Date(date) => date.to_string(),
            Self::Timestamp(at) => at.to_string(),
            Self::Texts(texts) => array::format(texts),
        })
    }

    /// Reads the JSON of a write: booleans, whole numbers and lists as themselves, `numeric` as text or number,
    /// the rest as text.
    pub fn from_json(kind: ColumnType, json: &Json) -> Result<Self, WrongType> {
        let wrong = WrongType { expected: kind.expected() };
        match (kind, json) {
            (_, Json::Null) => Ok(Self::Null),
            (ColumnType::Bool, Json::Bool(b)) => Ok(Self::Bool(*b)),
            (ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric { .. }, Json::Number(n)) => Self::from_pg_text(kind, Some(&n.to_string())),
            (ColumnType::TextArray, Json::Array(items)) => {
                let texts: Option<Box<[Box<str>]>> = items.iter().map(|item| item.as_str().map(Into::into)).collect();
                texts.map(Self::Texts).ok_or(wrong)
            }
            (ColumnType::Bool | ColumnType::Int4 | ColumnType::Int8 | ColumnType::TextArray, _) => Err(wrong),
            (_, Json::String(text)) => Self::from_pg_text(kind, Some(text)),
            _ => Err(wrong),
        }
    }

    /// The JSON of writes and their answers.
    pub fn to_json(&self, kind: ColumnType) -> Json {
        match self {
            Self::Bool(b) => Json::Bool(*b),
            Self::Int(n) => Json::from(*n),
            Self::Texts(texts) => texts.iter().map(|text| Json::from(&**text)).collect(),
            other => other.to_pg_text(kind).map_or(Json::Null, Json::String),
        }
    }
}

/// `-12.5` with scale 2 is `-1250`. More decimals than the scale are refused, unless they are zeros.
fn parse_scaled(text: &str, scale: u8, digits: u8) -> Option<i64> {
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let kept = fraction.get(..fraction.len().min(scale.into()))?;
    let dropped = &fraction[kept.len()..];
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(kept) || !dropped.bytes().all(|b| b == b'0') {
        return None;
    }
    let zeros = std::iter::repeat_n(b'0', usize::from(scale) - kept.len());
    let all = whole.bytes().chain(kept.bytes()).chain(zeros);
    let unscaled = all
        .map(|digit| i64::from(digit - b'0'))
        .try_fold(0_i64, |n, digit| n.checked_mul(10)?.checked_add(digit))?;
    if unscaled >= 10_i64.checked_pow(digits.into())? {
        return None;
    }
    Some(if negative { -unscaled } else { unscaled })
}

fn format_scaled(unscaled: i64, scale: u8) -> String {
    if scale == 0 {
        return unscaled.to_string();
    }
    let unit = 10_u64.pow(scale.into());
    let sign = if unscaled < 0 { "-" } else { "" };
    let magnitude = unscaled.unsigned_abs();
    format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit, width = scale.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const MONEY: ColumnType = ColumnType::Numeric { scale: 2, digits: 12 };

    #[test]
    fn electric_writes_booleans_in_two_ways() {
        for (text, expected) in [("true", true), ("t", true), ("false", false), ("f", false)] {
            assert_eq!(Value::from_pg_text(ColumnType::Bool, Some(text)), Ok(Value::Bool(expected)));
        }
    }

    #[test]
    fn money_is_exact() {
        for (text, cents) in [("0", 0), ("12.5", 1_250), ("-0.01", -1), ("1250.00", 125_000), ("3.1000", 310)] {
            assert_eq!(Value::from_pg_text(MONEY, Some(text)), Ok(Value::Numeric(cents)), "{text}");
        }
        for bad in ["", ".", "1e3", "1.005", "12,5", "--1", "99999999999999", "é.é", "1.é"] {
            assert!(Value::from_pg_text(MONEY, Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn json_of_the_wrong_kind_is_refused() {
        for (kind, json) in [
            (ColumnType::Bool, json!("true")),
            (ColumnType::Int8, json!("1")),
            (ColumnType::Int4, json!(1.5)),
            (ColumnType::Int4, json!(3_000_000_000_i64)),
            (ColumnType::Text, json!(1)),
            (ColumnType::Uuid, json!("me")),
            (ColumnType::Date, json!("2026-13-01")),
            (MONEY, json!({})),
        ] {
            assert!(Value::from_json(kind, &json).is_err(), "{kind:?} {json}");
        }
    }

    proptest! {
        #[test]
        fn numeric_text_survives(cents in -99_999_999_999_i64..99_999_999_999) {
            let text = Value::Numeric(cents).to_pg_text(MONEY);
            prop_assert_eq!(Value::from_pg_text(MONEY, text.as_deref()), Ok(Value::Numeric(cents)));
        }

        #[test]
        fn lists_survive_both_forms(texts in prop::collection::vec("[a-z ,{}\"\\\\éN]{0,6}", 0..4)) {
            let value = Value::Texts(texts.into_iter().map(Into::into).collect());
            let kind = ColumnType::TextArray;
            prop_assert_eq!(Value::from_pg_text(kind, value.to_pg_text(kind).as_deref()), Ok(value.clone()));
            prop_assert_eq!(Value::from_json(kind, &value.to_json(kind)), Ok(value));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,24}") {
            for kind in [ColumnType::Text, ColumnType::Bool, ColumnType::Int4, ColumnType::Int8, MONEY, ColumnType::Uuid, ColumnType::Date, ColumnType::Timestamp, ColumnType::TextArray] {
                let _ = Value::from_pg_text(kind, Some(&text));
            }
        }
    }
}
