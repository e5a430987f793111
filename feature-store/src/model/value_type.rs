//! The types that values of features and keys have, in Feast's words.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};

use super::mistake::{Mistake, required};

/// The type of one value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ValueType {
    Bool,
    Int32,
    Int64,
    Float32,
    Float64,
    String,
    Bytes,
    /// Days.
    Date,
    /// Microseconds, UTC.
    Timestamp,
    /// `list<…>` of values that are no lists.
    List(Box<ValueType>),
}

/// Each as it is written.
const PLAIN: [(&str, ValueType); 9] = [
    ("bool", ValueType::Bool),
    ("int32", ValueType::Int32),
    ("int64", ValueType::Int64),
    ("float32", ValueType::Float32),
    ("float64", ValueType::Float64),
    ("string", ValueType::String),
    ("bytes", ValueType::Bytes),
    ("date", ValueType::Date),
    ("timestamp", ValueType::Timestamp),
];

impl ValueType {
    /// How its values are kept in memory and in training sets.
    pub(crate) fn arrow(&self) -> DataType {
        match self {
            ValueType::Bool => DataType::Boolean,
            ValueType::Int32 => DataType::Int32,
            ValueType::Int64 => DataType::Int64,
            ValueType::Float32 => DataType::Float32,
            ValueType::Float64 => DataType::Float64,
            ValueType::String => DataType::Utf8,
            ValueType::Bytes => DataType::Binary,
            ValueType::Date => DataType::Date32,
            ValueType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ValueType::List(item) => DataType::List(Arc::new(Field::new_list_field(item.arrow(), true))),
        }
    }

    /// Whether a column of a table holds such values, or ones that become such without a loss.
    pub(crate) fn takes(&self, column: &DataType) -> bool {
        use DataType as D;
        match (self, column) {
            (_, D::Dictionary(_, values)) => self.takes(values),
            (ValueType::List(item), D::List(field) | D::LargeList(field)) => item.takes(field.data_type()),
            (ValueType::Bool, D::Boolean)
            | (ValueType::Int32, D::Int8 | D::Int16 | D::Int32 | D::UInt8 | D::UInt16)
            | (
                ValueType::Int64,
                D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32,
            )
            | (ValueType::Float32, D::Float16 | D::Float32 | D::Int8 | D::Int16 | D::UInt8 | D::UInt16)
            | (
                ValueType::Float64,
                D::Float16
                | D::Float32
                | D::Float64
                | D::Int8
                | D::Int16
                | D::Int32
                | D::UInt8
                | D::UInt16
                | D::UInt32,
            )
            | (ValueType::String, D::Utf8 | D::LargeUtf8 | D::Utf8View)
            | (ValueType::Bytes, D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_))
            | (ValueType::Date, D::Date32)
            | (ValueType::Timestamp, D::Timestamp(_, _)) => true,
            _ => false,
        }
    }

    /// Reads the field `field`, which has to be there.
    pub(super) fn required(field: &str, text: Option<String>) -> Result<Self, Mistake> {
        required(field, text)?.parse().map_err(|reason| Mistake::new(field, reason))
    }

    /// Whether its values are numbers.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, ValueType::Int32 | ValueType::Int64 | ValueType::Float32 | ValueType::Float64)
    }

    /// Whether rows can be found by such a value: it is equal to itself, and to one value alone.
    pub(crate) fn is_key(&self) -> bool {
        !matches!(self, ValueType::Float32 | ValueType::Float64 | ValueType::List(_))
    }
}

impl FromStr for ValueType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(item) = text.strip_prefix("list<").and_then(|rest| rest.strip_suffix('>')) {
            return match item.parse()? {
                ValueType::List(_) => Err(format!("'{text}' is a list of lists, which no feature can be")),
                item => Ok(ValueType::List(Box::new(item))),
            };
        }
        let found = PLAIN.into_iter().find(|(name, _)| *name == text);
        found.map(|(_, kind)| kind).ok_or_else(|| {
            let names = PLAIN.map(|(name, _)| name).join(", ");
            format!("'{text}' is no type; types are {names}, and list<…> of one of them")
        })
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let ValueType::List(item) = self {
            return write!(f, "list<{item}>");
        }
        let found = PLAIN.iter().find(|(_, kind)| kind == self);
        f.write_str(found.map_or("", |(name, _)| name))
    }
}
