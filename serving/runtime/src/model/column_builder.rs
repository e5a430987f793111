//! Builds one column of a signature, value by value. A row that turns out bad halfway is taken back by `truncate`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, ListArray,
    MapArray, StringArray, StructArray, TimestampNanosecondArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};

use super::cell::{Cell, FromCell};
use super::signature::{Column, ColumnType};

/// Values of a column, and more to come.
#[derive(Debug)]
pub(crate) struct ColumnBuilder<'s> {
    column_type: &'s ColumnType,
    required: bool,
    depth: Depth,
    values: Values<'s>,
    /// Rows that have no value, ascending.
    nulls: Vec<usize>,
}

/// Where values stand. MLflow takes the text of a number for a text in a column, but not within a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Column,
    Within,
}

#[derive(Debug)]
enum Values<'s> {
    Boolean(Vec<bool>),
    Integer(Vec<i32>),
    Long(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Datetime(Vec<i64>),
    /// Texts, Base64 or JSON, one behind the other.
    Bytes {
        ends: Vec<i32>,
        bytes: Vec<u8>,
    },
    Array {
        ends: Vec<i32>,
        items: Box<ColumnBuilder<'s>>,
    },
    Map {
        ends: Vec<i32>,
        keys: Box<ColumnBuilder<'s>>,
        values: Box<ColumnBuilder<'s>>,
    },
    Object {
        n_rows: usize,
        properties: Vec<Property<'s>>,
    },
}

/// A property of an object.
#[derive(Debug)]
pub(crate) struct Property<'s> {
    /// As the signature names it.
    pub(crate) name: &'s str,
    /// Its values.
    pub(crate) builder: ColumnBuilder<'s>,
}

impl<'s> ColumnBuilder<'s> {
    /// An empty column with room for so many rows.
    pub(crate) fn new(column: &'s Column, n_rows: usize) -> Self {
        ColumnBuilder::of(&column.column_type, column.required, n_rows)
    }

    /// The same of a type alone.
    pub(crate) fn of(column_type: &'s ColumnType, required: bool, n_rows: usize) -> Self {
        ColumnBuilder::at(Depth::Column, column_type, required, n_rows)
    }

    fn within(column_type: &'s ColumnType, required: bool, n_rows: usize) -> Self {
        ColumnBuilder::at(Depth::Within, column_type, required, n_rows)
    }

    fn at(depth: Depth, column_type: &'s ColumnType, required: bool, n_rows: usize) -> Self {
        let ends = || {
            let mut ends = Vec::with_capacity(n_rows + 1);
            ends.push(0);
            ends
        };
        let values = match column_type {
            ColumnType::Boolean => Values::Boolean(Vec::with_capacity(n_rows)),
            ColumnType::Integer => Values::Integer(Vec::with_capacity(n_rows)),
            ColumnType::Long => Values::Long(Vec::with_capacity(n_rows)),
            ColumnType::Float => Values::Float(Vec::with_capacity(n_rows)),
            ColumnType::Double => Values::Double(Vec::with_capacity(n_rows)),
            ColumnType::Datetime => Values::Datetime(Vec::with_capacity(n_rows)),
            ColumnType::String | ColumnType::Binary | ColumnType::Any => {
                Values::Bytes { ends: ends(), bytes: Vec::new() }
            }
            ColumnType::Array(items) => {
                Values::Array { ends: ends(), items: Box::new(ColumnBuilder::within(items, false, n_rows)) }
            }
            ColumnType::Map(values) => Values::Map {
                ends: ends(),
                keys: Box::new(ColumnBuilder::within(&ColumnType::String, true, n_rows)),
                values: Box::new(ColumnBuilder::within(values, false, n_rows)),
            },
            ColumnType::Object(columns) => {
                let property = |column: &'s Column| Property {
                    name: column.name.as_deref().unwrap_or_default(),
                    builder: ColumnBuilder::within(&column.column_type, column.required, n_rows),
                };
                Values::Object { n_rows: 0, properties: columns.iter().map(property).collect() }
            }
        };
        ColumnBuilder { column_type, required, depth, values, nulls: Vec::new() }
    }

    /// Of its values.
    pub(crate) fn column_type(&self) -> &'s ColumnType {
        self.column_type
    }

    /// Rows so far.
    pub(crate) fn len(&self) -> usize {
        match &self.values {
            Values::Boolean(values) => values.len(),
            Values::Integer(values) => values.len(),
            Values::Long(values) | Values::Datetime(values) => values.len(),
            Values::Float(values) => values.len(),
            Values::Double(values) => values.len(),
            Values::Bytes { ends, .. } | Values::Array { ends, .. } | Values::Map { ends, .. } => {
                ends.len() - 1
            }
            Values::Object { n_rows, .. } => *n_rows,
        }
    }

    /// Appends a value.
    ///
    /// # Errors
    /// Says what came and what is expected; the column is as before.
    pub(crate) fn append(&mut self, cell: Cell<'_>) -> Result<(), String> {
        if cell == Cell::Null {
            return self.append_null();
        }
        let is_taken = match (&mut self.values, self.column_type) {
            (Values::Boolean(values), _) => push(values, cell),
            (Values::Integer(values), _) => push(values, cell),
            (Values::Long(values), _) => push(values, cell),
            (Values::Float(values), _) => push(values, cell),
            (Values::Double(values), _) => push(values, cell),
            (Values::Datetime(values), _) => cell.datetime().map(|value| values.push(value)).is_some(),
            (Values::Bytes { ends, bytes }, ColumnType::Binary) => {
                cell.write_binary(bytes) && close(ends, bytes)?
            }
            (Values::Bytes { ends, bytes }, _) => {
                let may_be_text = self.depth == Depth::Column || matches!(cell, Cell::Text(_));
                may_be_text && cell.write_text(bytes) && close(ends, bytes)?
            }
            _ => false,
        };
        if is_taken { Ok(()) } else { Err(format!("{cell} is not a value of type {}", self.column_type)) }
    }

    /// Appends nothing: NaN in a required column of floats, a null in one that is optional or of texts.
    ///
    /// # Errors
    /// When the column is required, or an object has a required property.
    pub(crate) fn append_null(&mut self) -> Result<(), String> {
        if self.required && !self.column_type.takes_null() {
            match &mut self.values {
                Values::Float(values) => values.push(f32::NAN),
                Values::Double(values) => values.push(f64::NAN),
                _ => return Err(format!("null, where a value of type {} is required", self.column_type)),
            }
            return Ok(());
        }
        self.nulls.push(self.len());
        self.append_blank();
        Ok(())
    }

    /// Appends what stands behind a null.
    fn append_blank(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.push(false),
            Values::Integer(values) => values.push(0),
            Values::Long(values) | Values::Datetime(values) => values.push(0),
            Values::Float(values) => values.push(0.0),
            Values::Double(values) => values.push(0.0),
            Values::Bytes { ends, .. } | Values::Array { ends, .. } | Values::Map { ends, .. } => {
                ends.push(ends.last().copied().unwrap_or(0));
            }
            Values::Object { n_rows, properties } => {
                *n_rows += 1;
                for property in properties {
                    property.builder.append_blank();
                }
            }
        }
    }

    /// Appends JSON as it came, to a column of type `any`.
    pub(crate) fn append_json(&mut self, json: &str) -> Result<(), String> {
        match json {
            "null" => self.append_null(),
            json => self.append(Cell::Text(json)),
        }
    }

    /// The items of an array, to append those of the next row before `close_row`; none where this is no column of
    /// arrays.
    pub(crate) fn items(&mut self) -> Option<&mut ColumnBuilder<'s>> {
        match &mut self.values {
            Values::Array { items, .. } => Some(items),
            _ => None,
        }
    }

    /// Keys and values of a map, in the same way.
    pub(crate) fn entries(&mut self) -> Option<(&mut ColumnBuilder<'s>, &mut ColumnBuilder<'s>)> {
        match &mut self.values {
            Values::Map { keys, values, .. } => Some((keys, values)),
            _ => None,
        }
    }

    /// The properties of an object, in the same way.
    pub(crate) fn properties(&mut self) -> Option<&mut [Property<'s>]> {
        match &mut self.values {
            Values::Object { properties, .. } => Some(properties),
            _ => None,
        }
    }

    /// Appends nothing for a property that did not come.
    ///
    /// # Errors
    /// When it is required.
    fn append_missing(&mut self) -> Result<(), String> {
        if self.required {
            return Err(format!("it is missing, where a value of type {} is required", self.column_type));
        }
        self.append_null()
    }

    /// Ends a row of items, entries or properties. A property that did not come becomes null.
    pub(crate) fn close_row(&mut self) -> Result<(), String> {
        match &mut self.values {
            Values::Array { ends, items } => push_end(ends, items.len()),
            Values::Map { ends, keys, .. } => push_end(ends, keys.len()),
            Values::Object { n_rows, properties } => {
                for Property { name, builder } in properties.iter_mut() {
                    if builder.len() <= *n_rows {
                        builder.append_missing().map_err(|error| format!("property '{name}': {error}"))?;
                    }
                }
                *n_rows += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Forgets all but the first rows, and whatever a row that was not closed left behind.
    pub(crate) fn truncate(&mut self, n_rows: usize) {
        self.nulls.truncate(self.nulls.partition_point(|row| *row < n_rows));
        match &mut self.values {
            Values::Boolean(values) => values.truncate(n_rows),
            Values::Integer(values) => values.truncate(n_rows),
            Values::Long(values) | Values::Datetime(values) => values.truncate(n_rows),
            Values::Float(values) => values.truncate(n_rows),
            Values::Double(values) => values.truncate(n_rows),
            Values::Bytes { ends, bytes } => bytes.truncate(cut(ends, n_rows)),
            Values::Array { ends, items } => items.truncate(cut(ends, n_rows)),
            Values::Map { ends, keys, values } => {
                let n_entries = cut(ends, n_rows);
                keys.truncate(n_entries);
                values.truncate(n_entries);
            }
            Values::Object { n_rows: all, properties } => {
                *all = n_rows.min(*all);
                for property in properties {
                    property.builder.truncate(*all);
                }
            }
        }
    }

    /// The column, as [`ColumnType::arrow`] says.
    pub(crate) fn finish(self) -> Result<ArrayRef, String> {
        let n_rows = self.len();
        let nulls = nulls(&self.nulls, n_rows);
        let failed = |error: arrow::error::ArrowError| error.to_string();
        Ok(match self.values {
            Values::Boolean(values) => Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls)),
            Values::Integer(values) => Arc::new(Int32Array::new(ScalarBuffer::from(values), nulls)),
            Values::Long(values) => Arc::new(Int64Array::new(ScalarBuffer::from(values), nulls)),
            Values::Float(values) => Arc::new(Float32Array::new(ScalarBuffer::from(values), nulls)),
            Values::Double(values) => Arc::new(Float64Array::new(ScalarBuffer::from(values), nulls)),
            Values::Datetime(values) => {
                Arc::new(TimestampNanosecondArray::new(ScalarBuffer::from(values), nulls))
            }
            Values::Bytes { ends, bytes } => {
                let (offsets, bytes) = (OffsetBuffer::new(ScalarBuffer::from(ends)), Buffer::from_vec(bytes));
                if *self.column_type == ColumnType::Binary {
                    Arc::new(BinaryArray::try_new(offsets, bytes, nulls).map_err(failed)?)
                } else {
                    Arc::new(StringArray::try_new(offsets, bytes, nulls).map_err(failed)?)
                }
            }
            Values::Array { ends, items } => {
                let field = Arc::new(Field::new_list_field(items.column_type.arrow(), true));
                let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
                Arc::new(ListArray::try_new(field, offsets, items.finish()?, nulls).map_err(failed)?)
            }
            Values::Map { ends, keys, values } => {
                let DataType::Map(entries, sorted) = self.column_type.arrow() else {
                    return Err("a map is not of type map".to_owned());
                };
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err("the entries of a map are no structs".to_owned());
                };
                let columns = vec![keys.finish()?, values.finish()?];
                let rows = StructArray::try_new(fields.clone(), columns, None).map_err(failed)?;
                let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
                Arc::new(MapArray::try_new(entries, offsets, rows, nulls, sorted).map_err(failed)?)
            }
            Values::Object { properties, .. } => {
                let DataType::Struct(fields) = self.column_type.arrow() else {
                    return Err("an object is not of type struct".to_owned());
                };
                let columns = properties.into_iter().map(|property| property.builder.finish());
                let columns = columns.collect::<Result<_, _>>()?;
                Arc::new(StructArray::try_new_with_length(fields, columns, nulls, n_rows).map_err(failed)?)
            }
        })
    }
}

fn push<T: FromCell>(values: &mut Vec<T>, cell: Cell<'_>) -> bool {
    T::from_cell(cell).map(|value| values.push(value)).is_some()
}

/// Ends a text.
fn close(ends: &mut Vec<i32>, bytes: &mut Vec<u8>) -> Result<bool, String> {
    let start = ends.last().and_then(|end| usize::try_from(*end).ok()).unwrap_or(0);
    push_end(ends, bytes.len()).inspect_err(|_| bytes.truncate(start))?;
    Ok(true)
}

fn push_end(ends: &mut Vec<i32>, end: usize) -> Result<(), String> {
    ends.push(i32::try_from(end).map_err(|_| "a column of more than 2 GiB".to_owned())?);
    Ok(())
}

/// Forgets all ends but those of the first rows, and says where the last of these ends.
fn cut(ends: &mut Vec<i32>, n_rows: usize) -> usize {
    ends.truncate(n_rows.saturating_add(1));
    ends.last().and_then(|end| usize::try_from(*end).ok()).unwrap_or(0)
}

fn nulls(rows: &[usize], n_rows: usize) -> Option<NullBuffer> {
    if rows.is_empty() {
        return None;
    }
    let mut is_valid = vec![true; n_rows];
    for row in rows {
        is_valid[*row] = false;
    }
    Some(NullBuffer::from(is_valid))
}
