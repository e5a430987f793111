//! A query string as a serde data source: every key is a field, every value is text.
//!
//! Which fields repeat is known to the message alone, so a key keeps all its values until it is asked for one.

use std::collections::BTreeMap;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde_json::Value;

use crate::decode::DecodeError;
use crate::explain::{unknown_field, wrong_value};

type ValueError = serde::de::value::Error;

/// All values of one key, in their order.
struct Values(Vec<String>);

/// Which keys a query may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// As MLflow takes them: a camelCase key is no field, it takes those in bodies alone.
    AsMlflow,
    /// As in a body: both spellings, and what the message refuses there is refused here.
    AsInBodies,
}

pub(crate) fn decode<T: DeserializeOwned>(query: &str, keys: Keys) -> Result<T, DecodeError> {
    let fields = group(query, keys);
    if let Some(name) = fields.iter().find_map(|(key, values)| values.hold_nul().then(|| key.clone())) {
        return Err(DecodeError::Nul { name });
    }
    let source = MapDeserializer::new(fields.iter().map(|(key, values)| (key.as_str(), values)));
    serde_path_to_error::deserialize(source).map_err(|error: serde_path_to_error::Error<ValueError>| {
        if let Some(name) = unknown_field(error.inner()) {
            return DecodeError::Unknown { name };
        }
        let text = error.path().to_string();
        let key = text.split(['[', '.']).next().unwrap_or_default();
        wrong_value(key.to_owned(), &Value::from(fields.get(key).map_or("", Values::first)))
    })
}

/// The values of each key.
fn group(query: &str, keys: Keys) -> BTreeMap<String, Values> {
    // Reading text pairs from a query cannot fail: bytes that are not UTF-8 become replacement characters.
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    let mut fields: BTreeMap<String, Values> = BTreeMap::new();
    for (key, value) in pairs {
        if keys == Keys::AsMlflow && key.contains(char::is_uppercase) {
            continue;
        }
        fields.entry(key).or_insert_with(|| Values(Vec::new())).0.push(value);
    }
    fields
}

impl Values {
    fn hold_nul(&self) -> bool {
        self.0.iter().any(|value| value.contains('\0'))
    }

    fn first(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }
}

impl<'de> IntoDeserializer<'de, ValueError> for &'de Values {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Values {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_borrowed_str(self.first())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let items = self.0.iter().map(String::as_str);
        visitor.visit_seq(SeqDeserializer::new(items))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.first().to_ascii_lowercase().as_str() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(ValueError::invalid_value(Unexpected::Str(self.first()), &"'true' or 'false'")),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct tuple tuple_struct map struct enum identifier ignored_any
    }
}
