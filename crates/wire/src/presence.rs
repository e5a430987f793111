//! Presence: null means absent on the way in, and absent fields are left out on the way out.
//!
//! [`message!`] declares a struct with exactly these rules on every field, so that no field can miss one.

use std::collections::BTreeMap;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};

/// Tells whether a field has nothing to write.
pub(crate) trait Absent {
    /// True when the field is left out of the JSON.
    fn is_absent(&self) -> bool;
}

impl<T> Absent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Absent for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<K, V> Absent for BTreeMap<K, V> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// Reads a field; null reads as its default, as if it were not there.
pub(crate) fn null_is_absent<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads structs from objects alone: what serde derives would take `["k", "v"]` for a tag, too.
pub(crate) struct ObjectsOnly<D>(pub(crate) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectsOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Declares messages. A field of several words also names its camelCase twin, `run_id as "runId": …`; the test
/// that comes with each declaration fails where a twin is missing or misspelled.
macro_rules! message {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$field_meta:meta])* $field:ident $(as $twin:tt)?: $type:ty,)*
        }
    )+) => {$(
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, remote = "Self")]
        $(#[$meta])*
        pub struct $name {$(
            $(#[$field_meta])*
            #[serde(
                $(alias = $twin,)?
                deserialize_with = "crate::presence::null_is_absent",
                skip_serializing_if = "crate::presence::Absent::is_absent"
            )]
            pub $field: $type,
        )*}

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize(crate::presence::ObjectsOnly(deserializer))
            }
        }
    )+

        #[cfg(test)]
        mod twins {
            #[test]
            fn every_field_of_several_words_has_its_camel_case_twin() {
                $(crate::presence::tests::check_twins(|fields| super::$name::deserialize(fields));)+
            }
        }
    };
}
pub(crate) use message;

#[cfg(test)]
pub(crate) mod tests {
    use std::any::type_name;
    use std::collections::BTreeSet;

    use serde::de::Error as _;
    use serde::de::value::Error;
    use serde_json::{from_str, to_string};

    use super::*;
    use crate::experiments::CreateExperiment;

    /// Gives no data, but tells which fields it was asked for.
    pub(crate) struct FieldNames<'a>(&'a mut BTreeSet<&'static str>);

    impl<'de> Deserializer<'de> for FieldNames<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
            Err(Error::custom("no data"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            self.0.extend(fields);
            self.deserialize_any(visitor)
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    fn camel_case(name: &str) -> String {
        let mut words = name.split('_');
        let first = words.next().unwrap_or_default().to_owned();
        words.fold(first, |camel, word| camel + &word[..1].to_uppercase() + &word[1..])
    }

    /// Checks that the names `T` reads are its fields and their camelCase twins.
    pub(crate) fn check_twins<T>(deserialize: fn(FieldNames) -> Result<T, Error>) {
        let mut names = BTreeSet::new();
        let _ = deserialize(FieldNames(&mut names)).err();
        let fields = names.iter().filter(|name| !name.contains(char::is_uppercase));
        let expected: BTreeSet<String> =
            fields.flat_map(|name| [(*name).to_owned(), camel_case(name)]).collect();
        let names: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
        assert_eq!(names, expected, "{}", type_name::<T>());
    }

    #[test]
    fn set_defaults_are_written_and_what_is_absent_is_not() {
        let message = CreateExperiment { name: Some(String::new()), ..CreateExperiment::default() };
        assert_eq!(to_string(&message).unwrap(), r#"{"name":""}"#);
        assert_eq!(from_str::<CreateExperiment>(r#"{"name":"","tags":null}"#).unwrap(), message);
    }
}
