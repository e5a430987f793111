//! `POST /invocations`, in every content type.

use forebay_wire::signature::FieldSpec;
use serde_json::{Map, Value, json};

use super::schema::{by_name, object, param, tensor};
use super::{REFUSALS, responses};
use crate::http::invocations::{ARROW, JSON};
use crate::model::signature::{Column, Inputs, Signature, TensorField};
use crate::protocols::ndjson;
use crate::served::model::ServedModel;

pub(super) fn operation(model: &ServedModel) -> Value {
    let signature = model.decoder.signature();
    let version = model.version().map(|version| format!(", version {version}")).unwrap_or_default();
    let mut answers = Map::new();
    answers.insert(JSON.to_owned(), json!({ "schema": answer(signature) }));
    answers.insert(ARROW.to_owned(), json!({}));
    answers.insert(ndjson::CONTENT_TYPES[0].to_owned(), json!({ "schema": line_of_the_answer(signature) }));
    json!({
        "summary": format!("Score rows with {}{version}", model.name),
        "requestBody": { "required": true, "content": bodies(signature) },
        "responses": responses(
            json!({ "description": "Predictions, one for each row", "content": answers }),
            &[REFUSALS.as_slice(), &[("415", "The body is of no type that is read here")]].concat(),
        ),
    })
}

/// Of lines the schema is that of one.
fn bodies(signature: &Signature) -> Map<String, Value> {
    let mut bodies = Map::new();
    bodies.insert(JSON.to_owned(), json!({ "schema": body(signature) }));
    bodies.insert("text/csv".to_owned(), json!({ "schema": { "type": "string" } }));
    bodies.insert("application/vnd.apache.parquet".to_owned(), json!({}));
    bodies.insert(ARROW.to_owned(), json!({}));
    bodies.insert(ndjson::CONTENT_TYPES[0].to_owned(), json!({ "schema": line(signature) }));
    bodies
}

/// A row by itself.
fn line(signature: &Signature) -> Value {
    match &signature.inputs {
        Inputs::Columns(columns) => object(columns),
        Inputs::Tensors(_) | Inputs::Untold => json!({}),
    }
}

fn line_of_the_answer(signature: &Signature) -> Value {
    json!({ "oneOf": [
        { "type": "object", "required": ["prediction"], "properties": { "prediction": prediction(signature) } },
        { "type": "object", "required": ["error", "line"],
            "properties": { "error": { "type": "string" }, "line": { "type": "integer" } } },
    ] })
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
            signature.params.iter().map(|spec| (spec.name.clone(), param(spec))).collect();
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

fn answer(signature: &Signature) -> Value {
    json!({
        "type": "object",
        "required": ["predictions"],
        "properties": { "predictions": { "type": "array", "items": prediction(signature) } },
    })
}

/// What a row gets; its columns where the signature names them.
fn prediction(signature: &Signature) -> Value {
    let named: Option<Vec<(&String, &FieldSpec)>> = signature
        .outputs
        .as_ref()
        .and_then(|specs| specs.iter().map(|spec| Some((spec.name.as_ref()?, spec))).collect());
    match named {
        Some(columns) if !columns.is_empty() => {
            let properties: Map<String, Value> =
                columns.iter().map(|(name, spec)| ((*name).clone(), by_name(&spec.kind))).collect();
            json!({ "type": "object", "properties": properties })
        }
        _ => json!({}),
    }
}
