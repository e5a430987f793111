//! Types for data of which nobody told any, as pandas and numpy guess them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, NullArray, RecordBatch, RecordBatchOptions,
    StringArray, StructArray, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{Field, Schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::cell::Cell;
use super::dtype::DType;
use super::tensor::Tensor;
use super::tensor_builder::TensorBuilder;

/// Most columns of a table that comes without a signature; each costs memory even where there are few values.
const MAX_COLUMNS: usize = 1_000_000;

/// What values have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    Int,
    Unsigned,
    Float,
    Text,
    List,
    Object,
}

impl Kind {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Number(number) if number.is_i64() => Kind::Int,
            Value::Number(number) if number.is_u64() => Kind::Unsigned,
            Value::Number(_) => Kind::Float,
            Value::String(_) => Kind::Text,
            Value::Array(_) => Kind::List,
            Value::Object(_) => Kind::Object,
        }
    }

    fn join(self, other: Self) -> Option<Self> {
        match (self, other) {
            (kind, Kind::Null) | (Kind::Null, kind) => Some(kind),
            (a, b) if a == b => Some(a),
            (Kind::Int | Kind::Unsigned | Kind::Float, Kind::Int | Kind::Unsigned | Kind::Float) => {
                Some(Kind::Float)
            }
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Null => "nulls",
            Kind::Bool => "booleans",
            Kind::Int | Kind::Unsigned | Kind::Float => "numbers",
            Kind::Text => "texts",
            Kind::List => "lists",
            Kind::Object => "objects",
        }
    }
}

/// The kind of all values.
fn kind<'v>(values: impl Iterator<Item = &'v Value>) -> Result<Kind, String> {
    let mut all = Kind::Null;
    for (row, value) in values.enumerate() {
        let own = Kind::of(value);
        all = all
            .join(own)
            .ok_or_else(|| format!("row {row}: {} and {} in one column", all.name(), own.name()))?;
    }
    Ok(all)
}

/// The fields of a record in the order in which they came, which is that of the columns.
#[derive(Debug)]
pub(crate) struct Record(pub(crate) Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Record(fields))
    }
}

/// A table of records. A key that a record does not have is null.
pub(crate) fn records(records: &[Record]) -> Result<RecordBatch, String> {
    let mut rows: Vec<Fields<'_>> = Vec::with_capacity(records.len());
    for Record(fields) in records {
        rows.push(fields.iter().map(|(name, value)| (name.as_str(), value)).collect());
    }
    table(columns_of(&rows)?, records.len())
}

/// The same of objects.
pub(crate) fn objects_table(objects: &[Value]) -> Result<RecordBatch, String> {
    table(columns_of(&objects.iter().map(fields).collect::<Vec<_>>())?, objects.len())
}

/// Fields of an object; none of anything else.
fn fields(value: &Value) -> Fields<'_> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value)).collect()
}

/// A table of lists, whose columns have these names or else are numbered.
pub(crate) fn rows(names: Option<Vec<String>>, rows: &[Value]) -> Result<RecordBatch, String> {
    // A list of values that are no lists is one column.
    let cells = |row: &'_ Value| row.as_array().map_or(1, Vec::len);
    let n_columns = rows.iter().map(cells).max().unwrap_or(0);
    let names = names.unwrap_or_else(|| (0..n_columns).map(|position| position.to_string()).collect());
    if n_columns > names.len() {
        return Err(format!("{n_columns} values in a row, and {} columns", names.len()));
    }
    check_width(names.len(), Some(n_columns).filter(|_| !rows.is_empty()))?;
    if names.len() > MAX_COLUMNS {
        return Err(format!("more than {MAX_COLUMNS} columns"));
    }
    let column = |(position, name): (usize, String)| {
        let values: Vec<&Value> = rows.iter().map(|row| cell(row, position)).collect();
        let array = array(&values).map_err(|error| format!("column '{name}', {error}"))?;
        Ok((name, array))
    };
    table(names.into_iter().enumerate().map(column).collect::<Result<_, String>>()?, rows.len())
}

/// Checks that the longest row has a value for each name, as pandas does: shorter ones beside it are filled with nulls.
pub(crate) fn check_width(n_names: usize, widest: Option<usize>) -> Result<(), String> {
    match widest {
        Some(n_values) if n_values < n_names => {
            Err(format!("{n_names} columns passed, passed data had {n_values} columns"))
        }
        _ => Ok(()),
    }
}

fn cell(row: &Value, position: usize) -> &Value {
    match row {
        Value::Array(values) => values.get(position).unwrap_or(&Value::Null),
        value if position == 0 => value,
        _ => &Value::Null,
    }
}

/// A table of such columns.
pub(crate) fn table(columns: Vec<(String, ArrayRef)>, n_rows: usize) -> Result<RecordBatch, String> {
    let (names, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let fields =
        names.into_iter().zip(&arrays).map(|(name, array)| Field::new(name, array.data_type().clone(), true));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    RecordBatch::try_new_with_options(Arc::new(schema), arrays, &options).map_err(|error| error.to_string())
}

/// Fields of one row.
type Fields<'v> = Vec<(&'v str, &'v Value)>;

/// What stands where a row has no such field.
static NOTHING: Value = Value::Null;

fn columns_of(rows: &[Fields<'_>]) -> Result<Vec<(String, ArrayRef)>, String> {
    let mut positions: HashMap<&str, usize> = HashMap::new();
    let mut columns: Vec<(&str, Vec<&Value>)> = Vec::new();
    for (row, fields) in rows.iter().enumerate() {
        for (name, value) in fields {
            let position = *positions.entry(*name).or_insert_with(|| {
                columns.push((*name, Vec::new()));
                columns.len() - 1
            });
            let values = &mut columns[position].1;
            values.resize(row, &NOTHING);
            values.push(*value);
        }
        // Records that share no keys make a table far larger than their text.
        let n_fields: usize = columns.len().saturating_mul(row + 1);
        if n_fields > MAX_COLUMNS && fields.len().saturating_mul(100) < columns.len() {
            return Err(format!(
                "row {row}: the records so far have {} fields between them and share few; send fewer at a time",
                columns.len()
            ));
        }
    }
    let column = |(name, mut values): (&str, Vec<&Value>)| {
        values.resize(rows.len(), &NOTHING);
        let array = array(&values).map_err(|error| format!("column '{name}', {error}"))?;
        Ok((name.to_owned(), array))
    };
    columns.into_iter().map(column).collect()
}

/// A column of such values.
pub(crate) fn array(values: &[&Value]) -> Result<ArrayRef, String> {
    let has_nulls = values.iter().any(|value| value.is_null());
    let nan = || values.iter().map(|value| value.as_f64().unwrap_or(f64::NAN));
    Ok(match kind(values.iter().copied())? {
        Kind::Null => Arc::new(NullArray::new(values.len())),
        Kind::Bool => Arc::new(values.iter().map(|value| value.as_bool()).collect::<BooleanArray>()),
        // In pandas, integers with gaps are floats.
        Kind::Int | Kind::Unsigned if has_nulls => Arc::new(Float64Array::from_iter_values(nan())),
        Kind::Int => Arc::new(values.iter().map(|value| value.as_i64()).collect::<Int64Array>()),
        Kind::Unsigned => Arc::new(values.iter().map(|value| value.as_u64()).collect::<UInt64Array>()),
        Kind::Float => Arc::new(Float64Array::from_iter_values(nan())),
        Kind::Text => Arc::new(values.iter().map(|value| value.as_str()).collect::<StringArray>()),
        Kind::List => lists(values)?,
        Kind::Object => objects(values)?,
    })
}

fn nulls(values: &[&Value]) -> Option<NullBuffer> {
    let is_valid: Vec<bool> = values.iter().map(|value| !value.is_null()).collect();
    Some(NullBuffer::from(is_valid)).filter(|nulls| nulls.null_count() > 0)
}

fn lists(values: &[&Value]) -> Result<ArrayRef, String> {
    let items: Vec<&Value> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
    let lengths = values.iter().map(|value| value.as_array().map_or(0, Vec::len));
    let offsets = OffsetBuffer::from_lengths(lengths);
    let items = array(&items)?;
    let field = Arc::new(Field::new_list_field(items.data_type().clone(), true));
    let lists = ListArray::try_new(field, offsets, items, nulls(values));
    lists.map(|lists| Arc::new(lists) as ArrayRef).map_err(|error| error.to_string())
}

fn objects(values: &[&Value]) -> Result<ArrayRef, String> {
    let rows: Vec<Fields<'_>> = values.iter().map(|value| fields(value)).collect();
    let (names, arrays): (Vec<_>, Vec<_>) = columns_of(&rows)?.into_iter().unzip();
    let fields: Vec<Field> = names
        .into_iter()
        .zip(&arrays)
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    let structs = StructArray::try_new_with_length(fields.into(), arrays, nulls(values), values.len());
    structs.map(|structs| Arc::new(structs) as ArrayRef).map_err(|error| error.to_string())
}

/// The tensor of nested lists.
pub(crate) fn tensor(value: &Value) -> Result<Tensor, String> {
    let dtype = match leaves(value)? {
        (Kind::Null | Kind::Float, _) | (Kind::Int | Kind::Unsigned, true) => DType::Fp64,
        (Kind::Bool, _) => DType::Bool,
        (Kind::Int, false) => DType::Int64,
        (Kind::Unsigned, false) => DType::Uint64,
        (Kind::Text, _) => DType::Bytes,
        (Kind::List | Kind::Object, _) => return Err("objects within lists".to_owned()),
    };
    let mut builder = TensorBuilder::new(dtype);
    fill(value, &mut builder)?;
    builder.finish_any()
}

/// What the innermost values have in common, and whether some are null.
fn leaves(value: &Value) -> Result<(Kind, bool), String> {
    let Value::Array(values) = value else { return Ok((Kind::of(value), value.is_null())) };
    let mut all = (Kind::Null, false);
    for value in values {
        let (own, has_nulls) = leaves(value)?;
        let joined = all.0.join(own);
        let joined = joined.ok_or_else(|| format!("{} and {} in one array", all.0.name(), own.name()))?;
        all = (joined, all.1 || has_nulls);
    }
    Ok(all)
}

fn fill(value: &Value, builder: &mut TensorBuilder) -> Result<(), String> {
    match value {
        Value::Array(values) => {
            builder.open()?;
            values.iter().try_for_each(|value| fill(value, builder))?;
            builder.close()
        }
        Value::Null => builder.append(Cell::Null),
        Value::Bool(value) => builder.append(Cell::Bool(*value)),
        Value::String(text) => builder.append(Cell::Text(text)),
        Value::Number(number) => builder.append(cell_of(number)),
        Value::Object(_) => Err("objects within lists".to_owned()),
    }
}

fn cell_of(number: &serde_json::Number) -> Cell<'static> {
    let whole = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
    whole.map_or(Cell::Float(number.as_f64().unwrap_or(f64::NAN)), Cell::Int)
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;
    use serde_json::json;

    use super::*;

    fn type_of(values: &Value) -> DataType {
        let values: Vec<&Value> = values.as_array().unwrap().iter().collect();
        array(&values).unwrap().data_type().clone()
    }

    #[test]
    fn columns_get_the_types_that_pandas_gives_them() {
        assert_eq!(type_of(&json!([1, 2])), DataType::Int64);
        assert_eq!(type_of(&json!([1, null])), DataType::Float64);
        assert_eq!(type_of(&json!([1, 2.5])), DataType::Float64);
        assert_eq!(type_of(&json!([true, null])), DataType::Boolean);
        assert_eq!(type_of(&json!(["a", null])), DataType::Utf8);
        assert_eq!(type_of(&json!([null])), DataType::Null);
        assert_eq!(type_of(&json!([u64::MAX])), DataType::UInt64);
        assert_eq!(type_of(&json!([[1], []])), DataType::new_list(DataType::Int64, true));
    }

    #[test]
    fn what_does_not_go_together_is_told_with_its_row() {
        let error = objects_table(&[json!({"a": 1}), json!({"a": "x"})]).unwrap_err();
        assert_eq!(error, "column 'a', row 1: numbers and texts in one column");
    }

    #[test]
    fn keys_that_some_records_do_not_have_are_null() {
        let read: Vec<Record> = serde_json::from_str(r#"[{"b": 1}, {"a": "x"}]"#).unwrap();
        let table = records(&read).unwrap();
        assert_eq!(table.schema().field(0).name(), "b");
        assert_eq!((table.num_columns(), table.num_rows()), (2, 2));
        assert_eq!(table.column(1).null_count(), 1);
    }

    #[test]
    fn lists_are_tensors_as_numpy_makes_them() {
        assert_eq!(tensor(&json!([[1, 2], [3, 4]])).unwrap().to_string(), "INT64 [2, 2]");
        assert_eq!(tensor(&json!([1, 2.5])).unwrap().to_string(), "FP64 [2]");
        assert_eq!(tensor(&json!(["a"])).unwrap().to_string(), "BYTES [1]");
        assert_eq!(tensor(&json!(1)).unwrap().to_string(), "INT64 []");
        assert!(tensor(&json!([[1], [1, 2]])).is_err());
        assert!(tensor(&json!([1, "a"])).is_err());
    }
}
