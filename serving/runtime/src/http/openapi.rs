//! The `OpenAPI` document of the models that are served, made of their signatures.

use std::sync::Arc;

use forebay_wire::signature::{FieldSpec, ParamSpec};
use serde_json::{Map, Value, json};

use crate::model::signature::{Column, ColumnType, Inputs, Signature, TensorField};
use crate::served::model::ServedModel;

/// The document of these models; the paths at the root are those of the only one.
pub(super) fn document(models: &[Arc<ServedModel>]) -> Value {
    let mut paths = Map::new();
    for model in models {
        let operation = operation(model);
        if models.len() == 1 {
            paths.insert("/invocations".to_owned(), json!({ "post": operation }));
        }
        let path = format!("/serving-endpoints/{}/invocations", model.name);
        paths.insert(path, json!({ "post": operation }));
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Forebay models", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
    })
}

fn operation(model: &ServedModel) -> Value {
    let signature = model.decoder.signature();
    let version = model.version().map(|version| format!(", version {version}")).unwrap_or_default();
    json!({
        "summary": format!("Score rows with {}{version}", model.name),
        "requestBody": { "required": true, "content": { "application/json": { "schema": body(signature) } } },
        "responses": {
            "200": { "description": "Predictions, one for each row",
                "content": { "application/json": { "schema": answer(signature) } } },
            "400": { "description": "The body is not what the model takes" },
            "429": { "description": "The queue is full; see Retry-After" },
            "504": { "description": "The deadline passed" },
        },
    })
}

fn body(signature: &Signature) -> Value {
    let mut shapes = match &signature.inputs {
        Inputs::Columns(columns) => of_columns(columns),
        Inputs::Tensors(fields) => of_tensors(fields),
        Inputs::Untold => vec![
            shape("dataframe_records", json!({ "type": "array", "items": { "type": "object" } })),
            shape("dataframe_split", split(&json!({}))),
            shape("instances", json!({ "type": "array" })),
            shape("inputs", json!({})),
        ],
    };
    if !signature.params.is_empty() {
        let params: Map<String, Value> =
            signature.params.iter().map(|param| (param.name.clone(), param_schema(param))).collect();
        for shape in &mut shapes {
            shape["properties"]["params"] = json!({ "type": "object", "properties": params });
        }
    }
    json!({ "oneOf": shapes })
}

/// A body that holds its rows in one field.
fn shape(field: &str, schema: Value) -> Value {
    let mut properties = Map::new();
    properties.insert(field.to_owned(), schema);
    json!({ "type": "object", "required": [field], "properties": properties })
}

fn split(cells: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["data"],
        "properties": {
            "columns": { "type": "array", "items": { "type": "string" } },
            "data": { "type": "array", "items": { "type": "array", "items": cells } },
        },
    })
}

fn of_columns(columns: &[Column]) -> Vec<Value> {
    let record = object(columns);
    vec![
        shape("dataframe_records", json!({ "type": "array", "items": record })),
        shape("dataframe_split", split(&json!({}))),
    ]
}

fn of_tensors(fields: &[TensorField]) -> Vec<Value> {
    let [TensorField { name: None, .. }] = fields else {
        let tensors: Map<String, Value> =
            fields.iter().map(|field| (field.name.clone().unwrap_or_default(), tensor(field))).collect();
        return vec![shape("inputs", json!({ "type": "object", "properties": tensors }))];
    };
    vec![shape("inputs", tensor(&fields[0])), shape("instances", tensor(&fields[0]))]
}

fn tensor(field: &TensorField) -> Value {
    let element = match field.dtype.numpy_name() {
        "bool" => json!({ "type": "boolean" }),
        "str" => json!({ "type": "string" }),
        name if name.contains("int") => json!({ "type": "integer" }),
        _ => json!({ "type": "number" }),
    };
    field.shape.iter().rev().fold(element, |inner, length| match length {
        Some(length) => json!({ "type": "array", "items": inner, "minItems": length, "maxItems": length }),
        None => json!({ "type": "array", "items": inner }),
    })
}

fn object(columns: &[Column]) -> Value {
    let named = || columns.iter().filter_map(|column| Some((column.name.clone()?, column)));
    let required: Vec<String> = named().filter(|(_, column)| column.required).map(|(name, _)| name).collect();
    let properties: Map<String, Value> =
        named().map(|(name, column)| (name, schema(&column.column_type))).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn schema(column_type: &ColumnType) -> Value {
    match column_type {
        ColumnType::Boolean => json!({ "type": "boolean" }),
        ColumnType::Integer => json!({ "type": "integer", "format": "int32" }),
        ColumnType::Long => json!({ "type": "integer", "format": "int64" }),
        ColumnType::Float => json!({ "type": "number", "format": "float" }),
        ColumnType::Double => json!({ "type": "number", "format": "double" }),
        ColumnType::String => json!({ "type": "string" }),
        ColumnType::Binary => json!({ "type": "string", "contentEncoding": "base64" }),
        ColumnType::Datetime => json!({ "type": "string", "format": "date-time" }),
        ColumnType::Array(items) => json!({ "type": "array", "items": schema(items) }),
        ColumnType::Map(values) => json!({ "type": "object", "additionalProperties": schema(values) }),
        ColumnType::Object(columns) => object(columns),
        ColumnType::Any => json!({}),
    }
}

fn param_schema(param: &ParamSpec) -> Value {
    let one = by_name(&param.kind);
    if param.shape.is_some() { json!({ "type": "array", "items": one }) } else { one }
}

fn by_name(kind: &str) -> Value {
    match kind {
        "boolean" => json!({ "type": "boolean" }),
        "integer" | "long" => json!({ "type": "integer" }),
        "float" | "double" => json!({ "type": "number" }),
        "string" => json!({ "type": "string" }),
        _ => json!({}),
    }
}

/// What comes back; a table where the signature names its columns.
fn answer(signature: &Signature) -> Value {
    let named: Option<Vec<(&String, &FieldSpec)>> = signature
        .outputs
        .as_ref()
        .and_then(|specs| specs.iter().map(|spec| Some((spec.name.as_ref()?, spec))).collect());
    let item = match named {
        Some(columns) if !columns.is_empty() => {
            let properties: Map<String, Value> =
                columns.iter().map(|(name, spec)| ((*name).clone(), by_name(&spec.kind))).collect();
            json!({ "type": "object", "properties": properties })
        }
        _ => json!({}),
    };
    json!({
        "type": "object",
        "required": ["predictions"],
        "properties": { "predictions": { "type": "array", "items": item } },
    })
}
