//! The texts of a batch.

use arrow::array::{Array, AsArray as _};
use arrow::datatypes::DataType;

use crate::engines::EngineError;
use crate::model::batch::Batch;
use crate::model::tensor::{Elements, Tensor};

/// One text for each row.
///
/// # Errors
/// [`EngineError::Invalid`] names column and row of what is no text.
pub(super) fn of(batch: &Batch) -> Result<Vec<&str>, EngineError> {
    match batch {
        Batch::Columns(columns) => {
            if columns.num_columns() != 1 {
                let came = columns.num_columns();
                return Err(EngineError::Invalid(format!(
                    "the model takes one column of texts, {came} came"
                )));
            }
            of_column(columns.schema_ref().field(0).name(), columns.column(0).as_ref())
        }
        Batch::Tensors(tensors) => {
            let [(name, tensor)] = &tensors[..] else {
                let came = tensors.len();
                return Err(EngineError::Invalid(format!(
                    "the model takes one tensor of texts, {came} came"
                )));
            };
            of_tensor(name, tensor)
        }
    }
}

fn of_column<'a>(name: &str, column: &'a dyn Array) -> Result<Vec<&'a str>, EngineError> {
    let texts: Vec<Option<&str>> = match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().collect(),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().collect(),
        DataType::Utf8View => column.as_string_view().iter().collect(),
        came => {
            return Err(EngineError::Invalid(format!(
                "column '{name}': {came} came, where texts are expected"
            )));
        }
    };
    let text = |(row, text): (usize, Option<&'a str>)| {
        text.ok_or_else(|| {
            EngineError::Invalid(format!("column '{name}', row {row}: null, where a text is expected"))
        })
    };
    texts.into_iter().enumerate().map(text).collect()
}

fn of_tensor<'a>(name: &str, tensor: &'a Tensor) -> Result<Vec<&'a str>, EngineError> {
    let is_one_each = matches!(tensor.shape(), [_] | [_, 1]);
    let Elements::Bytes(texts) = tensor.elements() else {
        return Err(EngineError::Invalid(format!(
            "tensor '{name}': {tensor} came, where BYTES are expected"
        )));
    };
    if !is_one_each {
        let text = format!("tensor '{name}': {tensor} came, where the shape is [-1] or [-1, 1]");
        return Err(EngineError::Invalid(text));
    }
    let text = |(row, text): (usize, &'a Vec<u8>)| {
        let unfit = |_| EngineError::Invalid(format!("tensor '{name}', row {row}: the text is not UTF-8"));
        std::str::from_utf8(text).map_err(unfit)
    };
    texts.iter().enumerate().map(text).collect()
}
