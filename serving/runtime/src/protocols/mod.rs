//! Protocols: how requests become batches and predictions become answers, as pure functions on bytes.

/// The visits of a value that is neither list nor object, each handed on to a method as a cell.
macro_rules! visit_scalars {
    ($method:ident) => {
        visit_scalars!($method -> ());
    };
    ($method:ident -> $value:ty) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<$value, E> {
            self.$method($crate::model::cell::Cell::Null)
        }

        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<$value, E> {
            self.$method($crate::model::cell::Cell::Bool(value))
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<$value, E> {
            self.$method($crate::model::cell::Cell::Int(value.into()))
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<$value, E> {
            self.$method($crate::model::cell::Cell::Int(value.into()))
        }

        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<$value, E> {
            self.$method($crate::model::cell::Cell::Float(value))
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<$value, E> {
            self.$method($crate::model::cell::Cell::Text(value))
        }
    };
}

pub(crate) mod json;
pub(crate) mod mlflow;
pub(crate) mod ndjson;
pub(crate) mod oip;
