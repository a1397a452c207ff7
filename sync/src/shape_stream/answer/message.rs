//! The messages of a body, as serde walks through them.
//!
//! **Invariant:** nothing is kept of a message but what [`Reading`] takes from it.

use super::Reading;
use domain::RowId;
use protocol::{Control, RowOperation};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};
use std::fmt;

/// What a message's headers say that matters here.
#[derive(Default, Deserialize)]
pub struct Headers {
    #[serde(default)]
    pub operation: Option<RowOperation>,
    #[serde(default)]
    pub control: Option<Control>,
}

/// One message.
pub struct Message<'a>(pub &'a mut Reading);
/// Its columns.
struct Columns<'a>(&'a mut Reading);
/// A column's name.
struct Name<'a>(&'a Reading);
/// A column's value, of the column at the place.
struct Text<'a>(&'a mut Reading, usize);
/// A row's key.
struct Key;

macro_rules! seed {
    ($name:ident, $value:ty, $method:ident) => {
        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = $value;
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<$value, D::Error> {
                deserializer.$method(self)
            }
        }
    };
}

seed!(Message, (), deserialize_map);
seed!(Columns, (), deserialize_map);
seed!(Name, Option<usize>, deserialize_identifier);
seed!(Text, (), deserialize_any);

impl<'de> Visitor<'de> for Message<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let (mut headers, mut key) = (None, None);
        while let Some(field) = fields.next_key::<Field>()? {
            match field {
                Field::Headers => headers = Some(fields.next_value()?),
                Field::Value => fields.next_value_seed(Columns(self.0))?,
                Field::Key => key = fields.next_value_seed(Key)?,
                Field::Other => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        let headers: Headers = headers.ok_or_else(|| Error::missing_field("headers"))?;
        self.0.end_message(&headers, key).map_err(|wrong| noted(self.0, wrong))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Field {
    Headers,
    Value,
    Key,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for Columns<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut columns: A) -> Result<(), A::Error> {
        while let Some(index) = columns.next_key_seed(Name(self.0))? {
            match index {
                Some(index) => columns.next_value_seed(Text(self.0, index))?,
                None => drop(columns.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(self.0.column(name))
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value in PostgreSQL's text form")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.put(self.1, Some(text)).map_err(|wrong| noted(self.0, wrong))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.put(self.1, None).map_err(|wrong| noted(self.0, wrong))
    }
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<RowId>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<RowId>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<RowId>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row's key")
    }

    /// `"public"."turns"/"<id>"` → `<id>`.
    fn visit_str<E>(self, key: &str) -> Result<Option<RowId>, E> {
        let id = key.rsplit_once("/\"").and_then(|(_, id)| id.strip_suffix('"'));
        Ok(id.and_then(|id| id.parse().ok()))
    }
}

/// The reader of JSON would add where it happened, which nobody wants to know.
fn noted<E: Error>(reading: &mut Reading, wrong: String) -> E {
    let error = E::custom(&wrong);
    reading.wrong = Some(wrong);
    error
}
