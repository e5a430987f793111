//! What a worker is asked: a batch and the params, as a frame.

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use serde_json::{Value, json};

use super::frame::Frame;
use crate::engines::EngineError;
use crate::model::batch::{Batch, table_bytes};
use crate::model::params::Params;
use crate::model::raw;
use crate::model::tensor::Tensor;

/// Each tensor begins at a multiple of so many bytes, so that numpy can use it where it lies.
const ALIGNMENT: usize = 64;

/// The frame that asks for the predictions of a batch. `params` are none where the signature tells of none.
pub(super) fn encode(batch: &Batch, params: Option<&Params>) -> Result<Frame, EngineError> {
    let params = params.map(|params| Value::Object(params.0.clone()));
    match batch {
        Batch::Columns(columns) => {
            let body = stream(columns).map_err(|error| EngineError::Invalid(error.to_string()))?;
            Ok(Frame { header: json!({"kind": "columns", "params": params}), body })
        }
        Batch::Tensors(tensors) => {
            let (tensors, body) = concatenated(tensors)?;
            Ok(Frame { header: json!({"kind": "tensors", "tensors": tensors, "params": params}), body })
        }
    }
}

fn stream(columns: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut body = Vec::with_capacity(table_bytes(columns));
    let mut writer = StreamWriter::try_new(&mut body, columns.schema_ref())?;
    writer.write(columns)?;
    writer.finish()?;
    drop(writer);
    Ok(body)
}

fn concatenated(tensors: &[(String, Tensor)]) -> Result<(Vec<Value>, Vec<u8>), EngineError> {
    let mut body = Vec::new();
    let mut described = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        body.resize(body.len().next_multiple_of(ALIGNMENT), 0);
        let offset = body.len();
        let named = |reason| EngineError::Invalid(format!("tensor '{name}': {reason}"));
        raw::encode(tensor.elements(), &mut body).map_err(named)?;
        described.push(json!({
            "name": name,
            "dtype": tensor.dtype().numpy_name(),
            "shape": tensor.shape(),
            "offset": offset,
            "size": body.len() - offset,
        }));
    }
    Ok((described, body))
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::model::tensor::Elements;

    #[test]
    fn tensors_stand_one_behind_the_other_where_numpy_can_use_them() {
        let flags = Tensor::of_rows(Elements::Bool(vec![true, false, true]));
        let numbers = Tensor::new(vec![1, 2], Elements::Fp32(vec![0.5, 1.0])).unwrap();
        let batch = Batch::Tensors(vec![("flags".to_owned(), flags), ("numbers".to_owned(), numbers)]);
        let frame = encode(&batch, Some(&Params(Map::from_iter([("k".to_owned(), json!(2))])))).unwrap();
        let tensors = json!([
            {"name": "flags", "dtype": "bool", "shape": [3], "offset": 0, "size": 3},
            {"name": "numbers", "dtype": "float32", "shape": [1, 2], "offset": 64, "size": 8},
        ]);
        assert_eq!(frame.header, json!({"kind": "tensors", "tensors": tensors, "params": {"k": 2}}));
        assert_eq!(frame.body.len(), 72);
    }
}
