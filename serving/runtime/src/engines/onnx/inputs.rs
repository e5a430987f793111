//! A batch as the tensors that a model takes.
//!
//! What a batch holds is looked at once; the values are then written for as many rows at a time as the model scores,
//! while they are in the cache. Tensors of the right type are not copied at all.

use std::fmt::Debug;

use arrow::array::{Array, ArrayRef, AsArray, GenericListArray, OffsetSizeTrait, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use half::{bf16, f16};
use ort::session::SessionInputValue;
use ort::value::{PrimitiveTensorElementType, Tensor as OrtTensor, TensorRef};

use super::numbers::{Misfit, Numbers, Places, Target, fill};
use super::ports::{Port, Ports, Rows};
use crate::engines::EngineError;
use crate::model::batch::Batch;
use crate::model::dtype::DType;
use crate::model::tensor::{Elements, Tensor};

/// Rows of a column that are written before the next column's: few enough that their places stay in the cache.
const BLOCK_ROWS: usize = 128;

/// Most values of a piece that was filled up to a model's fixed number of rows.
const MAX_PADDED_VALUES: usize = 1 << 26;

/// Rows of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) n_rows: usize,
    /// With as many more as the model needs; they are like the last.
    pub(super) n_padded: usize,
}

/// What one of a model's inputs is fed with.
pub(super) struct Feed<'b> {
    port: &'b Port,
    content: Content<'b>,
    /// Of all rows.
    shape: Vec<usize>,
}

enum Content<'b> {
    /// Columns of a table side by side, or one whose values are lists of `each` numbers.
    Table {
        table: &'b RecordBatch,
        columns: Vec<(usize, Numbers)>,
        each: usize,
    },
    Tensor(&'b Elements),
    Texts(Vec<String>),
}

/// Runs the same expression with the Rust type of a port's elements bound to `$kind`.
macro_rules! for_target {
    ($dtype:expr, $kind:ident => $body:expr, _ => $other:expr) => {
        match $dtype {
            DType::Bool => {
                type $kind = bool;
                $body
            }
            DType::Uint8 => {
                type $kind = u8;
                $body
            }
            DType::Uint16 => {
                type $kind = u16;
                $body
            }
            DType::Uint32 => {
                type $kind = u32;
                $body
            }
            DType::Uint64 => {
                type $kind = u64;
                $body
            }
            DType::Int8 => {
                type $kind = i8;
                $body
            }
            DType::Int16 => {
                type $kind = i16;
                $body
            }
            DType::Int32 => {
                type $kind = i32;
                $body
            }
            DType::Int64 => {
                type $kind = i64;
                $body
            }
            DType::Fp16 => {
                type $kind = f16;
                $body
            }
            DType::Bf16 => {
                type $kind = bf16;
                $body
            }
            DType::Fp32 => {
                type $kind = f32;
                $body
            }
            DType::Fp64 => {
                type $kind = f64;
                $body
            }
            DType::Bytes => $other,
        }
    };
}

/// Runs the same expression on the vector of any numbers.
macro_rules! for_numbers {
    ($elements:expr, $values:ident => $body:expr, _ => $other:expr) => {
        match $elements {
            Elements::Bool($values) => $body,
            Elements::Uint8($values) => $body,
            Elements::Uint16($values) => $body,
            Elements::Uint32($values) => $body,
            Elements::Uint64($values) => $body,
            Elements::Int8($values) => $body,
            Elements::Int16($values) => $body,
            Elements::Int32($values) => $body,
            Elements::Int64($values) => $body,
            Elements::Fp16($values) => $body,
            Elements::Bf16($values) => $body,
            Elements::Fp32($values) => $body,
            Elements::Fp64($values) => $body,
            Elements::Bytes(_) => $other,
        }
    };
}

/// What each of a model's inputs is fed with, in their order.
///
/// # Errors
/// Names the input or the column that is missing or does not fit.
pub(super) fn feeds<'b>(ports: &'b Ports, batch: &'b Batch) -> Result<Vec<Feed<'b>>, EngineError> {
    match batch {
        Batch::Columns(table) => match ports.inputs.as_slice() {
            [port] => Ok(vec![Feed::of_columns(port, table, (0..table.num_columns()).collect())?]),
            inputs => inputs.iter().map(|port| Feed::of_own_column(port, table)).collect(),
        },
        Batch::Tensors(tensors) => of_tensors(ports, tensors),
    }
}

fn of_tensors<'b>(ports: &'b Ports, tensors: &'b [(String, Tensor)]) -> Result<Vec<Feed<'b>>, EngineError> {
    let is_unnamed = ports.inputs.len() == 1 && tensors.len() == 1 && tensors[0].0.is_empty();
    let is_known = |name: &String| is_unnamed || ports.inputs.iter().any(|port| port.name == *name);
    if let Some((name, _)) = tensors.iter().find(|(name, _)| !is_known(name)) {
        let names: Vec<&str> = ports.inputs.iter().map(|port| port.name.as_str()).collect();
        return Err(invalid(format!("the model has no input '{name}'; it takes {}", listed(&names))));
    }
    let mut feeds: Vec<Feed> = Vec::with_capacity(ports.inputs.len());
    for port in &ports.inputs {
        let found = tensors.iter().find(|(name, _)| is_unnamed || *name == port.name);
        let (_, tensor) =
            found.ok_or_else(|| invalid(format!("input '{}' is missing: {port}", port.name)))?;
        let feed = Feed::of_tensor(port, tensor, ports.rows)?;
        let first = feeds.first().filter(|first| first.shape.first() != feed.shape.first());
        if let Some(first) = first.filter(|_| ports.rows != Rows::None) {
            return Err(invalid(format!(
                "input '{}' has {} rows where input '{}' has {}",
                port.name,
                tensor.n_rows(),
                first.port.name,
                first.shape.first().copied().unwrap_or(1)
            )));
        }
        feeds.push(feed);
    }
    Ok(feeds)
}

impl<'b> Feed<'b> {
    fn of_own_column(port: &'b Port, table: &'b RecordBatch) -> Result<Self, EngineError> {
        let index = table.schema_ref().index_of(&port.name).map_err(|_| {
            let names: Vec<&str> =
                table.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
            let found = listed(&names);
            invalid(format!(
                "input '{}' ({port}) needs a column of its name; the columns are {found}",
                port.name
            ))
        })?;
        Feed::of_columns(port, table, vec![index])
    }

    fn of_columns(port: &'b Port, table: &'b RecordBatch, indices: Vec<usize>) -> Result<Self, EngineError> {
        let n_columns = indices.len();
        let list = match indices.as_slice() {
            [index] if table.column(*index).data_type().is_nested() => {
                let flat = flattened(table.column(*index)).ok_or_else(|| uneven(table, *index, port))?;
                Some((*index, flat))
            }
            _ => None,
        };
        let each = list.as_ref().map_or(1, |(_, (_, each))| *each);
        let row_shape = match port.row_shape(n_columns * each) {
            Some(row_shape) => row_shape,
            // There is no list whose length could be looked at.
            None if list.is_some() && table.num_rows() == 0 => {
                port.shape.iter().skip(1).map(|length| length.unwrap_or(1)).collect()
            }
            None => {
                let found =
                    if list.is_some() { format!("{each} values") } else { format!("{n_columns} columns") };
                let name = &port.name;
                return Err(invalid(format!(
                    "input '{name}' takes {port}, which does not fit {found} for each row"
                )));
            }
        };
        let shape: Vec<usize> = [table.num_rows()].into_iter().chain(row_shape).collect();
        let arrays = match list {
            Some((index, (values, _))) => vec![(index, values)],
            None => indices.into_iter().map(|index| (index, table.column(index).clone())).collect(),
        };
        if port.dtype == DType::Bytes {
            return Ok(Feed { port, content: Content::Texts(texts_of(table, &arrays, port)?), shape });
        }
        let numbers = arrays.into_iter().map(|(index, array)| {
            let numbers = Numbers::of(&array).ok_or_else(|| misfit_column(table, index, port))?;
            Ok((index, numbers))
        });
        let columns = numbers.collect::<Result<_, EngineError>>()?;
        Ok(Feed { port, content: Content::Table { table, columns, each }, shape })
    }

    fn of_tensor(port: &'b Port, tensor: &'b Tensor, rows: Rows) -> Result<Self, EngineError> {
        let misfit = || invalid(format!("input '{}' takes {port}, found {tensor}", port.name));
        let shape = fitting_shape(port, tensor.shape(), rows).ok_or_else(misfit)?;
        let content = match (port.dtype, tensor.elements()) {
            (DType::Bytes, Elements::Bytes(values)) => Content::Texts(texts(port, values)?),
            (DType::Bytes, _) | (_, Elements::Bytes(_)) => return Err(misfit()),
            (_, elements) => Content::Tensor(elements),
        };
        Ok(Feed { port, content, shape })
    }

    /// Some of its rows; all of it for no piece.
    pub(super) fn value(&self, piece: Option<Piece>) -> Result<SessionInputValue<'_>, EngineError> {
        let (n_rows, row_shape) = match self.shape.split_first() {
            Some((n_rows, row_shape)) => (*n_rows, row_shape),
            None => (1, [].as_slice()),
        };
        let piece = piece.unwrap_or(Piece { start: 0, n_rows, n_padded: n_rows });
        let width = row_shape.iter().try_fold(1_usize, |width, length| width.checked_mul(*length));
        let n_values = width.and_then(|width| width.checked_mul(piece.n_padded));
        let max_values = if piece.n_padded > piece.n_rows { MAX_PADDED_VALUES } else { usize::MAX };
        let Some(width) = width.filter(|_| n_values.is_some_and(|n_values| n_values <= max_values)) else {
            return Err(invalid(format!(
                "input '{}' ({}) of {:?} is too large",
                self.port.name, self.port, self.shape
            )));
        };
        let mut shape = self.shape.clone();
        if let Some(first) = shape.first_mut() {
            *first = piece.n_padded;
        }
        let part = Part { port: self.port, piece, width, shape };
        match &self.content {
            Content::Table { table, columns, each } => for_target!(self.port.dtype,
                T => part.of_table::<T>(table, columns, *each),
                _ => Err(part.failed(&"texts are no numbers"))),
            Content::Tensor(elements) => part.of_elements(elements),
            Content::Texts(texts) => part.of_texts(texts),
        }
    }
}

/// A piece of what an input is fed with.
struct Part<'b> {
    port: &'b Port,
    piece: Piece,
    /// Values of each row.
    width: usize,
    shape: Vec<usize>,
}

impl Part<'_> {
    fn of_table<T>(
        self,
        table: &RecordBatch,
        columns: &[(usize, Numbers)],
        each: usize,
    ) -> Result<SessionInputValue<'static>, EngineError>
    where
        T: Target + PrimitiveTensorElementType + Debug + 'static,
    {
        let Piece { start, n_rows, n_padded } = self.piece;
        let mut values = vec![T::default(); n_padded * self.width];
        for block in (0..n_rows).step_by(BLOCK_ROWS) {
            let block_end = n_rows.min(block + BLOCK_ROWS);
            let range = (start + block) * each..(start + block_end) * each;
            for (first, (index, numbers)) in columns.iter().enumerate() {
                let places = Places { first, stride: columns.len() };
                let into = &mut values[block * self.width..];
                numbers
                    .fill(range.clone(), into, places)
                    .map_err(|misfit| misfit_cell(table, *index, each, &misfit, self.port))?;
            }
        }
        self.owned(values)
    }

    fn of_elements(self, elements: &Elements) -> Result<SessionInputValue<'_>, EngineError> {
        let is_alike = elements.dtype() == self.port.dtype;
        for_numbers!(elements, values => if is_alike {
            self.view(values)
        } else {
            for_target!(self.port.dtype, T => {
                let Piece { start, n_rows, n_padded } = self.piece;
                let mut converted = vec![T::default(); n_padded * self.width];
                let from = values[start * self.width..(start + n_rows) * self.width].iter().copied();
                fill(from, converted.iter_mut())
                    .map_err(|(index, value)| self.misfit_element(index, &format!("{value:?}")))?;
                self.owned(converted)
            }, _ => Err(self.failed(&"texts are no numbers")))
        }, _ => Err(self.failed(&"texts are no numbers")))
    }

    fn of_texts(self, texts: &[String]) -> Result<SessionInputValue<'static>, EngineError> {
        let mut values = self.slice(texts).to_vec();
        self.pad(&mut values);
        let values = values.as_slice();
        let tensor = OrtTensor::from_string_array((self.shape.clone(), values));
        Ok(tensor.map_err(|error| self.failed(&error))?.into())
    }

    /// Without a copy, unless rows must be added.
    fn view<T>(self, values: &[T]) -> Result<SessionInputValue<'_>, EngineError>
    where
        T: PrimitiveTensorElementType + Clone + Default + Debug + 'static,
    {
        let values = self.slice(values);
        if self.piece.n_padded > self.piece.n_rows {
            return self.owned(values.to_vec());
        }
        let tensor = TensorRef::from_array_view((self.shape.clone(), values));
        Ok(tensor.map_err(|error| self.failed(&error))?.into())
    }

    fn owned<T>(self, mut values: Vec<T>) -> Result<SessionInputValue<'static>, EngineError>
    where
        T: PrimitiveTensorElementType + Clone + Default + Debug + 'static,
    {
        self.pad(&mut values);
        let tensor = OrtTensor::from_array((self.shape.clone(), values));
        Ok(tensor.map_err(|error| self.failed(&error))?.into())
    }

    fn slice<'e, T>(&self, values: &'e [T]) -> &'e [T] {
        let Piece { start, n_rows, .. } = self.piece;
        &values[start * self.width..(start + n_rows) * self.width]
    }

    /// Fills up with the last row, which changes neither the smallest nor the largest value of a batch.
    fn pad<T: Clone + Default>(&self, values: &mut Vec<T>) {
        values.truncate(self.piece.n_rows * self.width);
        for _ in self.piece.n_rows..self.piece.n_padded {
            match values.len().checked_sub(self.width) {
                Some(last) => values.extend_from_within(last..),
                None => values.resize(self.width, T::default()),
            }
        }
    }

    fn misfit_element(&self, index: usize, value: &str) -> EngineError {
        let index = self.piece.start * self.width + index;
        let Port { name, dtype, .. } = self.port;
        invalid(format!(
            "input '{name}' takes {}, which {value} (element {index}) does not fit",
            dtype.name()
        ))
    }

    fn failed(&self, reason: &dyn std::fmt::Display) -> EngineError {
        EngineError::Failed(format!("input '{}' ({}): {reason}", self.port.name, self.port))
    }
}

/// The shape that a tensor has for an input. A list of values may stand for a matrix with one column, and the other way
/// round.
fn fitting_shape(port: &Port, shape: &[usize], rows: Rows) -> Option<Vec<usize>> {
    match (port.shape.as_slice(), shape) {
        ([_, None | Some(1)], [n_rows]) => return Some(vec![*n_rows, 1]),
        ([_], [n_rows, 1]) => return Some(vec![*n_rows]),
        _ => {}
    }
    let n_free = usize::from(rows != Rows::None);
    let fits = |(told, length): (&Option<usize>, &usize)| told.is_none_or(|told| told == *length);
    let is_fitting = port.shape.len() == shape.len() && port.shape.iter().zip(shape).skip(n_free).all(fits);
    is_fitting.then(|| shape.to_vec())
}

/// The values of lists within lists, and how many there are for each row; none for nulls and lists that differ in length.
fn flattened(array: &ArrayRef) -> Option<(ArrayRef, usize)> {
    let (mut values, mut each) = (array.clone(), 1_usize);
    loop {
        let (inner, length) = match values.data_type() {
            DataType::List(_) => even(values.as_list::<i32>())?,
            DataType::LargeList(_) => even(values.as_list::<i64>())?,
            DataType::FixedSizeList(_, length) if values.null_count() == 0 => {
                let length = usize::try_from(*length).ok()?;
                let lists = values.as_fixed_size_list();
                (lists.values().slice(0, lists.len() * length), length)
            }
            inner if inner.is_nested() => return None,
            _ => return Some((values, each)),
        };
        (values, each) = (inner, each.checked_mul(length)?);
    }
}

fn even<O: OffsetSizeTrait>(lists: &GenericListArray<O>) -> Option<(ArrayRef, usize)> {
    let offsets = lists.value_offsets();
    let (first, last) = (offsets.first()?.as_usize(), offsets.last()?.as_usize());
    let length = offsets.get(1).map_or(0, |second| second.as_usize() - first);
    let is_even = offsets.windows(2).all(|pair| pair[1].as_usize() - pair[0].as_usize() == length);
    (is_even && lists.null_count() == 0).then(|| (lists.values().slice(first, last - first), length))
}

/// The texts of columns, row by row.
fn texts_of(
    table: &RecordBatch,
    arrays: &[(usize, ArrayRef)],
    port: &Port,
) -> Result<Vec<String>, EngineError> {
    let mut columns = Vec::with_capacity(arrays.len());
    for (index, array) in arrays {
        let is_text = match array.data_type() {
            DataType::Dictionary(_, values) => values.is_string(),
            other => other.is_string(),
        };
        let text = is_text.then(|| cast(array, &DataType::Utf8).ok()).flatten();
        columns.push((*index, text.ok_or_else(|| misfit_column(table, *index, port))?));
    }
    let n_texts = columns.first().map_or(0, |(_, column)| column.len());
    let mut texts = Vec::with_capacity(n_texts.saturating_mul(columns.len()));
    for row in 0..n_texts {
        for (index, column) in &columns {
            let column = column.as_string::<i32>();
            let is_missing = column.is_null(row);
            let text = if is_missing { "" } else { column.value(row) };
            if is_missing || text.contains('\0') {
                let value = if is_missing { "null" } else { "a text with a null character" };
                let row = row / (n_texts / table.num_rows().max(1)).max(1);
                return Err(misfit_value(table, *index, row, value, port));
            }
            texts.push(text.to_owned());
        }
    }
    Ok(texts)
}

fn texts(port: &Port, values: &[Vec<u8>]) -> Result<Vec<String>, EngineError> {
    let text = |(index, value): (usize, &Vec<u8>)| {
        let text = std::str::from_utf8(value).ok().filter(|text| !text.contains('\0'));
        text.map(str::to_owned).ok_or_else(|| {
            invalid(format!("input '{}' takes texts in UTF-8, which element {index} is not", port.name))
        })
    };
    values.iter().enumerate().map(text).collect()
}

fn misfit_cell(table: &RecordBatch, index: usize, each: usize, misfit: &Misfit, port: &Port) -> EngineError {
    misfit_value(table, index, misfit.index / each.max(1), &misfit.value, port)
}

fn misfit_value(table: &RecordBatch, index: usize, row: usize, value: &str, port: &Port) -> EngineError {
    let schema = table.schema_ref();
    let (column, expected) = (schema.field(index).name(), port.dtype.name());
    invalid(format!(
        "column '{column}', row {row}: {value} does not fit input '{}', which takes {expected}",
        port.name
    ))
}

fn misfit_column(table: &RecordBatch, index: usize, port: &Port) -> EngineError {
    let field = table.schema_ref().field(index);
    let (column, found) = (field.name(), field.data_type());
    invalid(format!(
        "column '{column}' of type {found} does not fit input '{}', which takes {port}",
        port.name
    ))
}

fn uneven(table: &RecordBatch, index: usize, port: &Port) -> EngineError {
    let column = table.schema_ref().field(index).name();
    let name = &port.name;
    invalid(format!(
        "column '{column}' needs a list of numbers in each row, all of one length, for input '{name}' ({port})"
    ))
}

/// Names in a sentence, the first of many.
fn listed(names: &[&str]) -> String {
    const MAX_NAMES: usize = 10;
    let mut words: Vec<String> = names.iter().take(MAX_NAMES).map(|name| format!("'{name}'")).collect();
    if names.len() > MAX_NAMES {
        words.push(format!("{} more", names.len() - MAX_NAMES));
    }
    words.join(", ")
}

fn invalid(reason: String) -> EngineError {
    EngineError::Invalid(reason)
}
