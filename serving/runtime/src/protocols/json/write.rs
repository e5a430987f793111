//! Predictions as JSON. What JSON cannot say (NaN and the infinities) becomes null.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float32Array, Float64Array, Int64Array, ListArray,
    MapArray, RecordBatch, StringArray, StructArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int64Type, TimeUnit, TimestampNanosecondType, UInt64Type,
};
use arrow::error::ArrowError;
use arrow::temporal_conversions::timestamp_ns_to_datetime;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use half::{bf16, f16};
use serde::Serialize;

use crate::for_elements;
use crate::model::predictions::Predictions;
use crate::model::tensor::Tensor;

/// Characters of Base64 in a line, as Python's `encodebytes` has it.
const BASE64_LINE: usize = 76;

/// Predictions, ready to be written.
pub(crate) enum Writer<'a> {
    /// Records.
    Frame(usize, Record),
    /// An object of lists.
    Columns(usize, Record),
    /// Nested lists.
    Array(&'a Tensor),
    /// An object of nested lists.
    Arrays(&'a [(String, Tensor)]),
    /// As it is.
    Json(&'a serde_json::Value),
}

/// Columns, each with the JSON of its name.
pub(crate) struct Record(Vec<(Vec<u8>, Column)>);

/// A column whose values can be written. There is one variant for all integers, texts and so on.
enum Column {
    Null,
    Bool(BooleanArray),
    Int(Int64Array),
    Unsigned(UInt64Array),
    Single(Float32Array),
    Double(Float64Array),
    Text(StringArray),
    Binary(BinaryArray),
    /// With or without a zone; one with a zone is told in UTC.
    Datetime(TimestampNanosecondArray, bool),
    List(ListArray, Box<Column>),
    Map(MapArray, StringArray, Box<Column>),
    Struct(StructArray, Record),
}

impl<'a> Writer<'a> {
    /// Prepares predictions.
    ///
    /// # Errors
    /// Names the column whose type has no JSON.
    pub(crate) fn new(predictions: &'a Predictions) -> Result<Self, String> {
        Ok(match predictions {
            Predictions::Frame(table) => Writer::Frame(table.num_rows(), Record::of(table)?),
            Predictions::Columns(table) => Writer::Columns(table.num_rows(), Record::of(table)?),
            Predictions::Array(array) => Writer::Array(array),
            Predictions::Arrays(arrays) => Writer::Arrays(arrays),
            Predictions::Json(value) => Writer::Json(value),
        })
    }

    /// Writes all rows.
    pub(crate) fn all(&self, out: &mut Vec<u8>) {
        match self {
            Writer::Frame(n_rows, record) => {
                list(*n_rows, out, |row, out| record.write(row, out));
            }
            Writer::Columns(n_rows, record) => record.write_columns(*n_rows, out),
            Writer::Array(array) => write_tensor(array, out),
            Writer::Arrays(arrays) => object(arrays, out, write_tensor),
            Writer::Json(value) => put(value, out),
        }
    }

    /// Writes one row; all of it where there are no rows to tell apart.
    pub(crate) fn row(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Writer::Frame(_, record) | Writer::Columns(_, record) => record.write(row, out),
            Writer::Array(array) => write_tensor_row(array, row, out),
            Writer::Arrays(arrays) => object(arrays, out, |array, out| write_tensor_row(array, row, out)),
            Writer::Json(value) => put(value, out),
        }
    }
}

/// Writes anything that has an obvious JSON.
pub(crate) fn put(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

fn list(n_items: usize, out: &mut Vec<u8>, write: impl Fn(usize, &mut Vec<u8>)) {
    out.push(b'[');
    for item in 0..n_items {
        if item > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

fn object<T>(entries: &[(String, T)], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'{');
    for (position, (name, value)) in entries.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        put(name, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

impl Record {
    fn of(table: &RecordBatch) -> Result<Self, String> {
        let names = table.schema_ref().fields().iter().map(|field| field.name().as_str());
        Record::new(names.zip(table.columns()))
    }

    fn new<'c>(columns: impl Iterator<Item = (&'c str, &'c ArrayRef)>) -> Result<Self, String> {
        let prepared = columns.map(|(name, array)| {
            let mut key = Vec::with_capacity(name.len() + 3);
            put(name, &mut key);
            key.push(b':');
            let column = Column::new(array).map_err(|error| format!("column '{name}': {error}"))?;
            Ok((key, column))
        });
        prepared.collect::<Result<_, String>>().map(Record)
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) {
        self.write_each(out, |column, out| column.write(row, out));
    }

    fn write_columns(&self, n_rows: usize, out: &mut Vec<u8>) {
        self.write_each(out, |column, out| list(n_rows, out, |row, out| column.write(row, out)));
    }

    fn write_each(&self, out: &mut Vec<u8>, write: impl Fn(&Column, &mut Vec<u8>)) {
        out.push(b'{');
        for (position, (key, column)) in self.0.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            write(column, out);
        }
        out.push(b'}');
    }
}

impl Column {
    fn new(array: &ArrayRef) -> Result<Self, String> {
        let to = |data_type: DataType| cast(array, &data_type).map_err(|error: ArrowError| error.to_string());
        Ok(match array.data_type() {
            DataType::Null => Column::Null,
            DataType::Boolean => Column::Bool(array.as_boolean().clone()),
            DataType::Int64 => Column::Int(array.as_primitive::<Int64Type>().clone()),
            DataType::Int8 | DataType::Int16 | DataType::Int32 => Column::new(&to(DataType::Int64)?)?,
            DataType::UInt64 => Column::Unsigned(array.as_primitive::<UInt64Type>().clone()),
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Column::new(&to(DataType::UInt64)?)?,
            DataType::Float32 => Column::Single(array.as_primitive::<Float32Type>().clone()),
            DataType::Float64 => Column::Double(array.as_primitive::<Float64Type>().clone()),
            DataType::Float16 => Column::new(&to(DataType::Float32)?)?,
            DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..) => Column::new(&to(DataType::Float64)?)?,
            DataType::Utf8 => Column::Text(array.as_string::<i32>().clone()),
            DataType::LargeUtf8 | DataType::Utf8View => Column::new(&to(DataType::Utf8)?)?,
            DataType::Binary => Column::Binary(array.as_binary::<i32>().clone()),
            DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Column::new(&to(DataType::Binary)?)?
            }
            DataType::Dictionary(_, values) => Column::new(&to(values.as_ref().clone())?)?,
            DataType::Timestamp(_, zone) => {
                let nanoseconds = to(DataType::Timestamp(TimeUnit::Nanosecond, None))?;
                let array = nanoseconds.as_primitive::<TimestampNanosecondType>().clone();
                Column::Datetime(array, zone.is_some())
            }
            DataType::Date32 | DataType::Date64 => {
                Column::new(&to(DataType::Timestamp(TimeUnit::Nanosecond, None))?)?
            }
            DataType::List(_) => {
                let lists = array.as_list::<i32>().clone();
                let items = Column::new(lists.values())?;
                Column::List(lists, Box::new(items))
            }
            DataType::LargeList(items) | DataType::FixedSizeList(items, _) => {
                Column::new(&to(DataType::List(items.clone()))?)?
            }
            DataType::Struct(fields) => {
                let structs = array.as_struct().clone();
                let names = fields.iter().map(|field| field.name().as_str());
                let record = Record::new(names.zip(structs.columns()))?;
                Column::Struct(structs, record)
            }
            DataType::Map(..) => {
                let maps = array.as_map().clone();
                let keys = cast(maps.keys(), &DataType::Utf8).map_err(|error| error.to_string())?;
                let values = Column::new(maps.values())?;
                Column::Map(maps, keys.as_string::<i32>().clone(), Box::new(values))
            }
            other => return Err(format!("{other} has no JSON")),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Column::Null => true,
            Column::Bool(array) => array.is_null(row),
            Column::Int(array) => array.is_null(row),
            Column::Unsigned(array) => array.is_null(row),
            Column::Single(array) => array.is_null(row),
            Column::Double(array) => array.is_null(row),
            Column::Text(array) => array.is_null(row),
            Column::Binary(array) => array.is_null(row),
            Column::Datetime(array, _) => array.is_null(row),
            Column::List(array, _) => array.is_null(row),
            Column::Map(array, ..) => array.is_null(row),
            Column::Struct(array, _) => array.is_null(row),
        }
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            out.extend_from_slice(b"null");
            return;
        }
        match self {
            Column::Null => {}
            Column::Bool(array) => put(&array.value(row), out),
            Column::Int(array) => put(&array.value(row), out),
            Column::Unsigned(array) => put(&array.value(row), out),
            Column::Single(array) => array.value(row).write(out),
            Column::Double(array) => array.value(row).write(out),
            Column::Text(array) => put(array.value(row), out),
            Column::Binary(array) => put_base64(array.value(row), out),
            Column::Datetime(array, has_zone) => put_datetime(array.value(row), *has_zone, out),
            Column::List(array, items) => {
                let (start, n_items) = (range_start(array.value_offsets(), row), array.value(row).len());
                list(n_items, out, |item, out| items.write(start + item, out));
            }
            Column::Map(array, keys, values) => {
                let start = range_start(array.value_offsets(), row);
                out.push(b'{');
                for entry in start..start + array.value(row).len() {
                    if entry > start {
                        out.push(b',');
                    }
                    put(keys.value(entry), out);
                    out.push(b':');
                    values.write(entry, out);
                }
                out.push(b'}');
            }
            Column::Struct(_, record) => record.write(row, out),
        }
    }
}

/// Where the items of a row begin; offsets are never negative.
fn range_start(offsets: &[i32], row: usize) -> usize {
    usize::try_from(offsets[row]).unwrap_or(0)
}

/// As `isoformat` of a pandas timestamp: no fraction, or six digits, or nine.
fn put_datetime(nanoseconds: i64, has_zone: bool, out: &mut Vec<u8>) {
    let Some(datetime) = timestamp_ns_to_datetime(nanoseconds) else {
        out.extend_from_slice(b"null");
        return;
    };
    let format = match nanoseconds.rem_euclid(1_000_000_000) {
        0 => "%Y-%m-%dT%H:%M:%S",
        fraction if fraction % 1000 == 0 => "%Y-%m-%dT%H:%M:%S%.6f",
        _ => "%Y-%m-%dT%H:%M:%S%.9f",
    };
    let zone = if has_zone { "+00:00" } else { "" };
    put(&format!("{}{zone}", datetime.format(format)), out);
}

/// As Python's `encodebytes`: in lines, each with its end.
fn put_base64(bytes: &[u8], out: &mut Vec<u8>) {
    let text = STANDARD.encode(bytes);
    let mut lines = String::with_capacity(text.len() + text.len() / BASE64_LINE + 1);
    for start in (0..text.len()).step_by(BASE64_LINE) {
        lines.push_str(&text[start..text.len().min(start + BASE64_LINE)]);
        lines.push('\n');
    }
    put(&lines, out);
}

fn write_tensor(tensor: &Tensor, out: &mut Vec<u8>) {
    for_elements!(tensor.elements(), values => nested(values, tensor.shape(), out));
}

fn write_tensor_row(tensor: &Tensor, row: usize, out: &mut Vec<u8>) {
    let Some((_, shape)) = tensor.shape().split_first() else { return write_tensor(tensor, out) };
    let len: usize = shape.iter().product();
    for_elements!(tensor.elements(), values => nested(&values[row * len..(row + 1) * len], shape, out));
}

fn nested<T: Element>(values: &[T], shape: &[usize], out: &mut Vec<u8>) {
    let Some((n_items, inner)) = shape.split_first() else {
        for value in values {
            value.write(out);
        }
        return;
    };
    let len: usize = inner.iter().product();
    list(*n_items, out, |item, out| nested(&values[item * len..(item + 1) * len], inner, out));
}

/// An element of a tensor.
trait Element {
    fn write(&self, out: &mut Vec<u8>);
}

/// Those that are written as they are.
macro_rules! plain_elements {
    ($($element:ty),*) => {
        $(impl Element for $element {
            fn write(&self, out: &mut Vec<u8>) {
                put(self, out);
            }
        })*
    };
}

plain_elements!(bool, u8, u16, u32, u64, i8, i16, i32, i64, f64);

/// Those that are written as the double of the same value, which is what Python makes of them.
macro_rules! widened_elements {
    ($($element:ty),*) => {
        $(impl Element for $element {
            fn write(&self, out: &mut Vec<u8>) {
                put(&f64::from(*self), out);
            }
        })*
    };
}

widened_elements!(f16, bf16, f32);

impl Element for Vec<u8> {
    fn write(&self, out: &mut Vec<u8>) {
        match std::str::from_utf8(self) {
            Ok(text) => put(text, out),
            Err(_) => put_base64(self, out),
        }
    }
}
