//! What a model gave: tensors, or an object for each row, such as the probabilities by class of a classifier from
//! scikit-learn. Pieces of a batch are put together again as they come.

use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    ListArray, MapArray, RecordBatch, RecordBatchOptions, StringArray, StructArray, UInt8Array, UInt16Array,
    UInt32Array, UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Fields, Schema};
use half::{bf16, f16};
use ort::session::SessionOutputs;
use ort::value::{DynMapValueType, DynValue, IntoTensorElementType, PrimitiveTensorElementType, ValueType};

use super::ports::{Port, dtype};
use super::session::one_line;
use crate::engines::EngineError;
use crate::model::dtype::DType;
use crate::model::predictions::Predictions;
use crate::model::tensor::{Elements, Tensor};

/// The outputs of a model for the rows that were scored so far.
pub(super) struct Outputs<'m> {
    ports: &'m [Port],
    collected: Vec<Option<Collected>>,
}

enum Collected {
    Tensor { shape: Vec<usize>, elements: Elements },
    Maps(Maps),
}

/// Objects of several rows; all keys and values one behind the other.
struct Maps {
    lengths: Vec<usize>,
    keys: Vec<String>,
    values: Elements,
}

/// What is kept of an output of some rows.
#[derive(Debug, Clone, Copy)]
enum Kept {
    /// The first rows of so many.
    Rows {
        n_rows: usize,
        of: usize,
    },
    All,
}

impl<'m> Outputs<'m> {
    pub(super) fn new(ports: &'m [Port]) -> Self {
        Outputs { ports, collected: ports.iter().map(|_| None).collect() }
    }

    /// Takes the first `n_rows` of `of` rows that were scored.
    ///
    /// # Errors
    /// Names an output that has not as many rows.
    pub(super) fn append_rows(
        &mut self,
        outputs: &SessionOutputs<'_>,
        n_rows: usize,
        of: usize,
    ) -> Result<(), EngineError> {
        self.append(outputs, Kept::Rows { n_rows, of })
    }

    /// Takes all that there is.
    pub(super) fn append_all(&mut self, outputs: &SessionOutputs<'_>) -> Result<(), EngineError> {
        self.append(outputs, Kept::All)
    }

    fn append(&mut self, outputs: &SessionOutputs<'_>, kept: Kept) -> Result<(), EngineError> {
        for ((port, collected), value) in self.ports.iter().zip(&mut self.collected).zip(outputs.values()) {
            take(collected, &value, kept)
                .map_err(|reason| EngineError::Failed(format!("output '{}': {reason}", port.name)))?;
        }
        Ok(())
    }

    /// As a table with a column for each output.
    ///
    /// # Errors
    /// Names an output that has another number of rows.
    pub(super) fn into_frame(self, n_rows: usize) -> Result<Predictions, EngineError> {
        self.into_table(n_rows).map(Predictions::Frame)
    }

    fn into_table(self, n_rows: usize) -> Result<RecordBatch, EngineError> {
        let mut fields = Vec::with_capacity(self.ports.len());
        let mut columns = Vec::with_capacity(self.ports.len());
        for (port, collected) in self.ports.iter().zip(self.collected) {
            let failed = |reason: String| EngineError::Failed(format!("output '{}': {reason}", port.name));
            let collected = collected.ok_or_else(|| failed("the model gave nothing".to_owned()))?;
            let column = match collected {
                Collected::Tensor { shape, elements } => column(&shape, elements, n_rows),
                Collected::Maps(maps) => maps.column(n_rows),
            };
            let column = column.map_err(failed)?;
            fields.push(Field::new(port.name.clone(), column.data_type().clone(), true));
            columns.push(column);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        let table = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options);
        table.map_err(|error| EngineError::Failed(one_line(&error)))
    }

    /// As arrays with names; as columns where one output is an object for each row, which no array can hold.
    pub(super) fn into_arrays(self, n_rows: usize) -> Result<Predictions, EngineError> {
        if self.ports.iter().any(|port| port.is_map) {
            return self.into_table(n_rows).map(Predictions::Columns);
        }
        let mut arrays = Vec::with_capacity(self.ports.len());
        for (port, collected) in self.ports.iter().zip(self.collected) {
            let Some(Collected::Tensor { shape, elements }) = collected else {
                return Err(EngineError::Failed(format!("output '{}': the model gave no tensor", port.name)));
            };
            let array =
                Tensor::new(shape, elements).map_err(|error| EngineError::Failed(one_line(&error)))?;
            arrays.push((port.name.clone(), array));
        }
        Ok(Predictions::Arrays(arrays))
    }
}

/// Appends what is kept of an output to what came before.
fn take(collected: &mut Option<Collected>, value: &DynValue, kept: Kept) -> Result<(), String> {
    match value.dtype() {
        ValueType::Tensor { ty, shape, .. } => {
            let dtype = dtype(*ty).ok_or_else(|| format!("{ty} cannot be served"))?;
            let shape: Vec<usize> =
                shape.iter().map(|length| usize::try_from(*length).unwrap_or(0)).collect();
            take_tensor(collected, value, dtype, shape, kept)
        }
        ValueType::Sequence(_) => {
            let maps = value.try_extract_sequence::<DynMapValueType>().map_err(|error| one_line(&error))?;
            let maps: Vec<DynValue> = maps.into_iter().map(ort::value::Value::into_dyn).collect();
            take_maps(collected, &maps.iter().collect::<Vec<_>>(), kept)
        }
        ValueType::Map { .. } => take_maps(collected, &[value], kept),
        ValueType::Optional(_) => Err("the model gave nothing".to_owned()),
    }
}

fn take_tensor(
    collected: &mut Option<Collected>,
    value: &DynValue,
    dtype: DType,
    mut shape: Vec<usize>,
    kept: Kept,
) -> Result<(), String> {
    if let Kept::Rows { n_rows, of } = kept {
        if shape.first() != Some(&of) {
            return Err(format!("a tensor of {shape:?} has no row for each of {of} rows"));
        }
        shape[0] = n_rows;
    }
    let n_values = shape.iter().product();
    let first = || Collected::Tensor {
        shape: [&[0][..], shape.get(1..).unwrap_or_default()].concat(),
        elements: empty(dtype),
    };
    match collected.get_or_insert_with(first) {
        Collected::Tensor { shape: all, elements } if matches!(kept, Kept::All) => {
            all.clone_from(&shape);
            extend(elements, value, n_values)
        }
        Collected::Tensor { shape: all, elements } if all[1..] == shape[1..] && elements.dtype() == dtype => {
            all[0] += shape[0];
            extend(elements, value, n_values)
        }
        _ => Err(format!("{} {shape:?} is unlike what came for rows before", dtype.name())),
    }
}

fn take_maps(collected: &mut Option<Collected>, maps: &[&DynValue], kept: Kept) -> Result<(), String> {
    let n_kept = match kept {
        Kept::Rows { of, .. } if maps.len() != of => {
            return Err(format!("{} objects are not one for each of {of} rows", maps.len()));
        }
        Kept::Rows { n_rows, .. } => n_rows,
        Kept::All => maps.len(),
    };
    for map in &maps[..n_kept] {
        let ValueType::Map { key, value } = map.dtype() else { return Err("it is no object".to_owned()) };
        let dtype = dtype(*value).ok_or_else(|| format!("{value} cannot be served"))?;
        let first = || Maps { lengths: Vec::new(), keys: Vec::new(), values: empty(dtype) };
        let Collected::Maps(all) = collected.get_or_insert_with(|| Collected::Maps(first())) else {
            return Err("it is unlike what came for rows before".to_owned());
        };
        if *key == String::into_tensor_element_type() {
            all.push::<String>(map)?;
        } else {
            all.push::<i64>(map)?;
        }
    }
    if collected.is_none() {
        *collected =
            Some(Collected::Maps(Maps { lengths: Vec::new(), keys: Vec::new(), values: empty(DType::Fp32) }));
    }
    Ok(())
}

impl Maps {
    fn push<K>(&mut self, map: &DynValue) -> Result<(), String>
    where
        K: IntoTensorElementType + Clone + Hash + Eq + ToString,
    {
        let Maps { lengths, keys, values } = self;
        let length = match values {
            Elements::Fp32(values) => push_pairs::<K, _>(map, keys, values)?,
            Elements::Fp64(values) => push_pairs::<K, _>(map, keys, values)?,
            Elements::Int64(values) => push_pairs::<K, _>(map, keys, values)?,
            _ => return Err("the values of its objects are no numbers".to_owned()),
        };
        lengths.push(length);
        Ok(())
    }

    fn column(self, n_rows: usize) -> Result<ArrayRef, String> {
        if self.lengths.len() != n_rows {
            return Err(format!("{} objects are not one for each of {n_rows} rows", self.lengths.len()));
        }
        if i32::try_from(self.keys.len()).is_err() {
            return Err("its objects are too large for a table".to_owned());
        }
        let values = flat_column(self.values)?;
        let keys: ArrayRef = Arc::new(StringArray::from(self.keys));
        let fields = Fields::from(vec![
            Field::new("keys", keys.data_type().clone(), false),
            Field::new("values", values.data_type().clone(), true),
        ]);
        let words = |error: arrow::error::ArrowError| one_line(&error);
        let entries = StructArray::try_new(fields, vec![keys, values], None).map_err(words)?;
        let field = Arc::new(Field::new("entries", arrow::array::Array::data_type(&entries).clone(), false));
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Ok(Arc::new(MapArray::try_new(field, offsets, entries, None, false).map_err(words)?))
    }
}

fn push_pairs<K, V>(map: &DynValue, keys: &mut Vec<String>, values: &mut Vec<V>) -> Result<usize, String>
where
    K: IntoTensorElementType + Clone + Hash + Eq + ToString,
    V: PrimitiveTensorElementType + Clone,
{
    let pairs = map.try_extract_key_values::<K, V>().map_err(|error| one_line(&error))?;
    let length = pairs.len();
    for (key, value) in pairs {
        keys.push(key.to_string());
        values.push(value);
    }
    Ok(length)
}

fn empty(dtype: DType) -> Elements {
    match dtype {
        DType::Bool => Elements::Bool(Vec::new()),
        DType::Uint8 => Elements::Uint8(Vec::new()),
        DType::Uint16 => Elements::Uint16(Vec::new()),
        DType::Uint32 => Elements::Uint32(Vec::new()),
        DType::Uint64 => Elements::Uint64(Vec::new()),
        DType::Int8 => Elements::Int8(Vec::new()),
        DType::Int16 => Elements::Int16(Vec::new()),
        DType::Int32 => Elements::Int32(Vec::new()),
        DType::Int64 => Elements::Int64(Vec::new()),
        DType::Fp16 => Elements::Fp16(Vec::new()),
        DType::Bf16 => Elements::Bf16(Vec::new()),
        DType::Fp32 => Elements::Fp32(Vec::new()),
        DType::Fp64 => Elements::Fp64(Vec::new()),
        DType::Bytes => Elements::Bytes(Vec::new()),
    }
}

/// Appends the first values of a tensor of the same type.
fn extend(elements: &mut Elements, value: &DynValue, n_values: usize) -> Result<(), String> {
    match elements {
        Elements::Bool(all) => copy(all, value, n_values),
        Elements::Uint8(all) => copy(all, value, n_values),
        Elements::Uint16(all) => copy(all, value, n_values),
        Elements::Uint32(all) => copy(all, value, n_values),
        Elements::Uint64(all) => copy(all, value, n_values),
        Elements::Int8(all) => copy(all, value, n_values),
        Elements::Int16(all) => copy(all, value, n_values),
        Elements::Int32(all) => copy(all, value, n_values),
        Elements::Int64(all) => copy(all, value, n_values),
        Elements::Fp16(all) => copy::<f16>(all, value, n_values),
        Elements::Bf16(all) => copy::<bf16>(all, value, n_values),
        Elements::Fp32(all) => copy(all, value, n_values),
        Elements::Fp64(all) => copy(all, value, n_values),
        Elements::Bytes(all) => {
            let (_, texts) = value.try_extract_strings().map_err(|error| one_line(&error))?;
            all.extend(texts.into_iter().take(n_values).map(String::into_bytes));
            Ok(())
        }
    }
}

fn copy<T: PrimitiveTensorElementType + Clone>(
    all: &mut Vec<T>,
    value: &DynValue,
    n_values: usize,
) -> Result<(), String> {
    let (_, values) = value.try_extract_tensor::<T>().map_err(|error| one_line(&error))?;
    let values = values.get(..n_values).ok_or("it is shorter than its shape")?;
    all.extend_from_slice(values);
    Ok(())
}

/// A column with a value for each row, or a list of them.
fn column(shape: &[usize], elements: Elements, n_rows: usize) -> Result<ArrayRef, String> {
    if shape.first() != Some(&n_rows) {
        return Err(format!("a tensor of {shape:?} has no row for each of {n_rows} rows"));
    }
    let mut column = flat_column(elements)?;
    if shape[1..].iter().all(|length| *length == 1) {
        return Ok(column);
    }
    // The innermost lists first.
    for end in (2..=shape.len()).rev() {
        let n_lists: usize = shape[..end - 1].iter().product();
        let length = shape[end - 1];
        if n_lists.checked_mul(length).is_none_or(|n_values| i32::try_from(n_values).is_err()) {
            return Err("it is too large for a table".to_owned());
        }
        let offsets = OffsetBuffer::from_repeated_length(length, n_lists);
        let field = Arc::new(Field::new_list_field(column.data_type().clone(), true));
        column =
            Arc::new(ListArray::try_new(field, offsets, column, None).map_err(|error| one_line(&error))?);
    }
    Ok(column)
}

/// All values one behind the other. Half precision becomes single, which all readers of tables know.
fn flat_column(elements: Elements) -> Result<ArrayRef, String> {
    Ok(match elements {
        Elements::Bool(values) => Arc::new(BooleanArray::from(values)),
        Elements::Uint8(values) => Arc::new(UInt8Array::from(values)),
        Elements::Uint16(values) => Arc::new(UInt16Array::from(values)),
        Elements::Uint32(values) => Arc::new(UInt32Array::from(values)),
        Elements::Uint64(values) => Arc::new(UInt64Array::from(values)),
        Elements::Int8(values) => Arc::new(Int8Array::from(values)),
        Elements::Int16(values) => Arc::new(Int16Array::from(values)),
        Elements::Int32(values) => Arc::new(Int32Array::from(values)),
        Elements::Int64(values) => Arc::new(Int64Array::from(values)),
        Elements::Fp16(values) => {
            Arc::new(values.into_iter().map(|value| Some(value.to_f32())).collect::<Float32Array>())
        }
        Elements::Bf16(values) => {
            Arc::new(values.into_iter().map(|value| Some(value.to_f32())).collect::<Float32Array>())
        }
        Elements::Fp32(values) => Arc::new(Float32Array::from(values)),
        Elements::Fp64(values) => Arc::new(Float64Array::from(values)),
        Elements::Bytes(values) => {
            let n_bytes: usize = values.iter().map(Vec::len).sum();
            if i32::try_from(n_bytes).is_err() {
                return Err("its texts are too long for a table".to_owned());
            }
            let texts = values.into_iter().map(String::from_utf8).collect::<Result<Vec<_>, _>>();
            Arc::new(StringArray::from(texts.map_err(|_| "its texts are not UTF-8")?))
        }
    })
}
