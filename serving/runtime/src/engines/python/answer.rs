//! What a worker answers: predictions, or why there are none.

use std::io::{self, Cursor};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use serde::Deserialize;
use serde_json::Value;

use super::frame::Frame;
use crate::engines::EngineError;
use crate::model::dtype::DType;
use crate::model::predictions::Predictions;
use crate::model::raw;
use crate::model::tensor::Tensor;

/// The header of an answer.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    /// What it is.
    pub(super) kind: Kind,
    /// Why there is nothing else.
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    tensors: Vec<Described>,
}

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// The model is loaded.
    Ready,
    /// It cannot be loaded in this Python, which lacks a package.
    Missing,
    /// It cannot be loaded.
    Broken,
    /// The request is there, and is scored.
    Begun,
    /// A table.
    Frame,
    /// A tensor.
    Array,
    /// Tensors by name.
    Arrays,
    /// JSON.
    Json,
    /// The input is at fault.
    Invalid,
    /// The model is.
    Failed,
}

#[derive(Debug, Deserialize)]
struct Described {
    name: String,
    dtype: String,
    shape: Vec<usize>,
    size: usize,
}

/// The predictions in an answer.
pub(super) fn predictions(answer: &Frame) -> Result<Predictions, EngineError> {
    let header = Header::deserialize(&answer.header).map_err(|error| unreadable(&error))?;
    match header.kind {
        Kind::Frame => table(&answer.body).map(Predictions::Frame).map_err(|error| unreadable(&error)),
        Kind::Array => match tensors(header.tensors, &answer.body)?.pop() {
            Some((_, array)) => Ok(Predictions::Array(array)),
            None => Err(EngineError::Failed("it answered with no array".to_owned())),
        },
        Kind::Arrays => tensors(header.tensors, &answer.body).map(Predictions::Arrays),
        Kind::Json => {
            let value: Value = serde_json::from_slice(&answer.body).map_err(|error| unreadable(&error))?;
            Ok(Predictions::Json(value))
        }
        Kind::Invalid => Err(EngineError::Invalid(header.message)),
        Kind::Failed => Err(EngineError::Failed(header.message)),
        Kind::Ready | Kind::Missing | Kind::Broken | Kind::Begun => {
            Err(EngineError::Failed("it answered out of turn".to_owned()))
        }
    }
}

/// Looks whether a worker says that it has begun.
pub(super) fn expect_begun(told: &Frame) -> io::Result<()> {
    let header = Header::deserialize(&told.header)?;
    let is_begun = header.kind == Kind::Begun;
    is_begun
        .then_some(())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it answered out of turn"))
}

fn unreadable(error: &dyn std::error::Error) -> EngineError {
    EngineError::Failed(format!("its answer cannot be read: {error}"))
}

fn table(body: &[u8]) -> Result<RecordBatch, ArrowError> {
    let reader = StreamReader::try_new(Cursor::new(body), None)?;
    let schema = reader.schema();
    let mut batches = reader.collect::<Result<Vec<_>, _>>()?;
    match batches.len() {
        1 => Ok(batches.remove(0)),
        _ => concat_batches(&schema, &batches),
    }
}

fn tensors(described: Vec<Described>, mut body: &[u8]) -> Result<Vec<(String, Tensor)>, EngineError> {
    let mut tensors = Vec::with_capacity(described.len());
    for one in described {
        let wrong = |reason: &str| EngineError::Failed(format!("its array '{}' {reason}", one.name));
        let (bytes, rest) = body.split_at_checked(one.size).ok_or_else(|| wrong("is cut off"))?;
        body = rest;
        let dtype = DType::from_numpy_name(&one.dtype).ok_or_else(|| wrong("is of an unknown type"))?;
        let n_elements = one.shape.iter().try_fold(1_usize, |product, length| product.checked_mul(*length));
        let n_elements = n_elements.ok_or_else(|| wrong("is too large"))?;
        let elements = raw::decode(dtype, n_elements, bytes)
            .map_err(|reason| wrong(&format!("cannot be read: {reason}")))?;
        let tensor = Tensor::new(one.shape, elements).map_err(|error| wrong(&format!("is none: {error}")))?;
        tensors.push((one.name, tensor));
    }
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::tensor::Elements;

    fn answered(header: Value, body: &[u8]) -> Result<Predictions, EngineError> {
        predictions(&Frame { header, body: body.to_vec() })
    }

    #[test]
    fn arrays_are_taken_out_of_the_body_one_after_the_other() {
        let tensors = json!([
            {"name": "label", "dtype": "int8", "shape": [2], "size": 2},
            {"name": "score", "dtype": "float32", "shape": [2, 1], "size": 8},
        ]);
        let header = json!({"kind": "arrays", "tensors": tensors});
        let arrays = vec![
            ("label".to_owned(), Tensor::of_rows(Elements::Int8(vec![1, -1]))),
            ("score".to_owned(), Tensor::new(vec![2, 1], Elements::Fp32(vec![0.0; 2])).unwrap()),
        ];
        let body = [1, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(answered(header.clone(), &body), Ok(Predictions::Arrays(arrays)));
        let error = answered(header, &body[..5]).unwrap_err();
        assert_eq!(error.to_string(), "the model failed: its array 'score' is cut off");
    }

    #[test]
    fn an_answer_that_is_not_what_it_says_is_a_failure_of_the_model() {
        let unknown = answered(json!({"kind": "poem"}), b"").unwrap_err();
        assert!(
            unknown.to_string().contains("its answer cannot be read: unknown variant `poem`"),
            "{unknown}"
        );
        assert!(matches!(answered(json!({"kind": "frame"}), b"no table"), Err(EngineError::Failed(_))));
        assert!(matches!(answered(json!({"kind": "json"}), b"[NaN]"), Err(EngineError::Failed(_))));
        assert!(matches!(answered(json!({"kind": "array"}), b""), Err(EngineError::Failed(_))));
    }

    #[test]
    fn a_refusal_is_told_apart_from_a_failure() {
        let invalid = answered(json!({"kind": "invalid", "message": "column 'x', row 1: null"}), b"");
        assert_eq!(invalid, Err(EngineError::Invalid("column 'x', row 1: null".to_owned())));
        let failed = answered(json!({"kind": "failed", "message": "ValueError: no"}), b"");
        assert_eq!(failed, Err(EngineError::Failed("ValueError: no".to_owned())));
    }
}
