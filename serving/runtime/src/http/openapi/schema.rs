//! Schemas of the values of columns, tensors and params.

use forebay_wire::signature::ParamSpec;
use serde_json::{Map, Value, json};

use crate::model::dtype::DType;
use crate::model::signature::{Column, ColumnType, TensorField};

/// Lists in lists.
pub(super) fn tensor(field: &TensorField) -> Value {
    field.shape.iter().rev().fold(element(field.dtype), |inner, length| match length {
        Some(length) => json!({ "type": "array", "items": inner, "minItems": length, "maxItems": length }),
        None => json!({ "type": "array", "items": inner }),
    })
}

/// An element of a tensor.
pub(super) fn element(dtype: DType) -> Value {
    match dtype {
        DType::Bool => json!({ "type": "boolean" }),
        DType::Bytes => json!({ "type": "string" }),
        DType::Fp16 | DType::Bf16 | DType::Fp32 | DType::Fp64 => json!({ "type": "number" }),
        _ => json!({ "type": "integer" }),
    }
}

/// A row.
pub(super) fn object(columns: &[Column]) -> Value {
    let named = || columns.iter().filter_map(|column| Some((column.name.clone()?, column)));
    let required: Vec<String> = named().filter(|(_, column)| column.required).map(|(name, _)| name).collect();
    let properties: Map<String, Value> =
        named().map(|(name, column)| (name, cell(&column.column_type))).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// A value of a column.
fn cell(column_type: &ColumnType) -> Value {
    match column_type {
        ColumnType::Boolean => json!({ "type": "boolean" }),
        ColumnType::Integer => json!({ "type": "integer", "format": "int32" }),
        ColumnType::Long => json!({ "type": "integer", "format": "int64" }),
        ColumnType::Float => json!({ "type": "number", "format": "float" }),
        ColumnType::Double => json!({ "type": "number", "format": "double" }),
        ColumnType::String => json!({ "type": "string" }),
        ColumnType::Binary => json!({ "type": "string", "contentEncoding": "base64" }),
        ColumnType::Datetime => json!({ "type": "string", "format": "date-time" }),
        ColumnType::Array(items) => json!({ "type": "array", "items": cell(items) }),
        ColumnType::Map(values) => json!({ "type": "object", "additionalProperties": cell(values) }),
        ColumnType::Object(columns) => object(columns),
        ColumnType::Any => json!({}),
    }
}

/// The value of a param.
pub(super) fn param(param: &ParamSpec) -> Value {
    let one = by_name(&param.kind);
    if param.shape.is_some() { json!({ "type": "array", "items": one }) } else { one }
}

/// A value of the type that a signature calls so.
pub(super) fn by_name(kind: &str) -> Value {
    match kind {
        "boolean" => json!({ "type": "boolean" }),
        "integer" | "long" => json!({ "type": "integer" }),
        "float" | "double" => json!({ "type": "number" }),
        "string" => json!({ "type": "string" }),
        _ => json!({}),
    }
}
