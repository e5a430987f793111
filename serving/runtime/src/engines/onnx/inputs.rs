//! Which columns or tensors of a batch each of a model's inputs is fed with. It is looked at once for all rows; the values
//! are written piece by piece.

use arrow::array::{Array, ArrayRef, AsArray, GenericListArray, OffsetSizeTrait, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use super::numbers::Numbers;
use super::ports::{Port, Ports, Rows};
use super::refusals::{invalid, listed, misfit_column, misfit_value, uneven};
use crate::engines::EngineError;
use crate::model::batch::Batch;
use crate::model::dtype::DType;
use crate::model::tensor::{Elements, Tensor};

/// What one of a model's inputs is fed with.
pub(super) struct Feed<'b> {
    pub(super) port: &'b Port,
    pub(super) content: Content<'b>,
    /// Of all rows.
    pub(super) shape: Vec<usize>,
}

/// Where its values are.
pub(super) enum Content<'b> {
    /// Columns of a table side by side, or one whose values are lists of `each` numbers.
    Table {
        table: &'b RecordBatch,
        columns: Vec<(usize, Numbers)>,
        each: usize,
    },
    Tensor(&'b Elements),
    Texts(Vec<String>),
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
