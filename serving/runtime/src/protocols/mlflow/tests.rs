//! The models that the tests of bodies and answers share.

mod tables;
mod tensors;
mod files;
mod answers;

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};

use super::*;
use crate::model::dtype::DType;
use crate::model::signature::{Column, ColumnType, TensorField};
use crate::model::tensor::{Elements, Tensor};

const JSON: &str = "application/json";

fn signature(inputs: Inputs) -> Signature {
    Signature { inputs, outputs: None, params: Vec::new() }
}

fn columns(columns: &[(&str, ColumnType, bool)]) -> Decoder {
    let column = |(name, column_type, required): &(&str, ColumnType, bool)| Column {
        name: Some((*name).to_owned()),
        column_type: column_type.clone(),
        required: *required,
    };
    Decoder::new(&signature(Inputs::Columns(columns.iter().map(column).collect())))
}

/// A long `a`, a string `s`, an optional double `o`.
fn table() -> Decoder {
    columns(&[
        ("a", ColumnType::Long, true),
        ("s", ColumnType::String, true),
        ("o", ColumnType::Double, false),
    ])
}

fn doubles() -> Decoder {
    columns(&[("x", ColumnType::Double, true), ("y", ColumnType::Double, true)])
}

fn tensors(fields: &[(Option<&str>, &[Option<usize>])]) -> Decoder {
    let field = |(name, shape): &(Option<&str>, &[Option<usize>])| TensorField {
        name: name.map(str::to_owned),
        dtype: DType::Fp32,
        shape: shape.to_vec(),
    };
    Decoder::new(&signature(Inputs::Tensors(fields.iter().map(field).collect())))
}

fn untold() -> Decoder {
    Decoder::new(&Signature::untold())
}

fn frame(decoder: &Decoder, content_type: &str, body: &str) -> RecordBatch {
    match decoder.decode(Some(content_type), &Bytes::copy_from_slice(body.as_bytes())).unwrap().batch {
        Batch::Columns(frame) => frame,
        Batch::Tensors(_) => panic!("tensors"),
    }
}

fn arrays(decoder: &Decoder, body: &str) -> Vec<(String, Tensor)> {
    match decoder.decode(Some(JSON), &Bytes::copy_from_slice(body.as_bytes())).unwrap().batch {
        Batch::Tensors(arrays) => arrays,
        Batch::Columns(_) => panic!("columns"),
    }
}

fn refusal(decoder: &Decoder, content_type: &str, body: &str) -> String {
    match decoder.decode(Some(content_type), &Bytes::copy_from_slice(body.as_bytes())) {
        Err(Refusal::Invalid(message)) => message,
        other => panic!("{other:?}"),
    }
}

fn two_columns() -> RecordBatch {
    let x: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
    let y: ArrayRef = Arc::new(Int64Array::from(vec![3, 4]));
    RecordBatch::try_from_iter(vec![("y", y), ("x", x)]).unwrap()
}
