//! The paths of the Open Inference Protocol: of a model, with and without its version, and of the server.

use serde_json::{Value, json};

use super::schema::element;
use super::{REFUSALS, get, responses};
use crate::protocols::oip::describe::{self, TensorMetadata};
use crate::protocols::oip::interface::Interface;
use crate::served::model::ServedModel;

/// Paths of the server with what they tell.
const OF_SERVER: [(&str, &str); 5] = [
    ("/v2", "The server and its extensions"),
    ("/v2/health/live", "Whether the process answers"),
    ("/v2/health/ready", "Whether every model can answer"),
    ("/v2/models/stats", "Counts and times of all models"),
    ("/v2/repository/index", "Every model and whether it is ready"),
];

/// Paths of a model, behind its own, with what they tell.
const OF_MODEL: [(&str, &str); 4] = [
    ("", "Inputs, outputs, versions, engine and device"),
    ("/ready", "Whether the model can answer"),
    ("/config", "The same as Triton's configuration"),
    ("/stats", "Counts and times"),
];

pub(super) fn of_server() -> impl Iterator<Item = (String, Value)> {
    OF_SERVER.iter().map(|(path, summary)| ((*path).to_owned(), get(summary)))
}

pub(super) fn of_model(model: &ServedModel) -> impl Iterator<Item = (String, Value)> {
    let plain = format!("/v2/models/{}", model.name);
    let versioned = model.version().map(|version| format!("{plain}/versions/{version}"));
    let infer = json!({ "post": infer(&model.name, &model.interface) });
    std::iter::once(plain).chain(versioned).flat_map(move |base| {
        let told = OF_MODEL.iter().map(|(path, summary)| (format!("{base}{path}"), get(summary)));
        let infer = (format!("{base}/infer"), infer.clone());
        told.chain([infer]).collect::<Vec<_>>()
    })
}

/// With tensors in the JSON, or raw behind it, where a header tells the length of the JSON.
fn infer(name: &str, interface: &Interface) -> Value {
    let header = json!({
        "name": "Inference-Header-Content-Length",
        "in": "header",
        "description": "Bytes of the JSON in a body with raw tensors behind it",
        "schema": { "type": "integer" },
    });
    let answer = json!({ "schema": answer(interface) });
    json!({
        "summary": format!("Score tensors with {name}"),
        "parameters": [header],
        "requestBody": { "required": true, "content": {
            "application/json": { "schema": request(interface) },
            "application/octet-stream": {},
        } },
        "responses": responses(
            json!({ "description": "Tensors", "content": {
                "application/json": answer, "application/octet-stream": {},
            } }),
            &REFUSALS,
        ),
    })
}

fn request(interface: &Interface) -> Value {
    let names: Vec<String> = describe::outputs(interface).into_iter().map(|output| output.name).collect();
    let name = if names.is_empty() { json!({ "type": "string" }) } else { json!({ "enum": names }) };
    json!({
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": { "type": "string" },
            "parameters": { "type": "object" },
            "inputs": tensors(&describe::inputs(interface), &["name", "shape", "datatype"]),
            "outputs": { "type": "array", "items": {
                "type": "object",
                "required": ["name"],
                "properties": { "name": name, "parameters": { "type": "object" } },
            } },
        },
    })
}

fn answer(interface: &Interface) -> Value {
    json!({
        "type": "object",
        "required": ["model_name", "outputs"],
        "properties": {
            "model_name": { "type": "string" },
            "model_version": { "type": "string" },
            "id": { "type": "string" },
            "outputs": tensors(&describe::outputs(interface), &["name", "shape", "datatype"]),
        },
    })
}

/// A list of these tensors, or of any where none is told.
fn tensors(told: &[TensorMetadata], required: &[&str]) -> Value {
    let tensor = |tensor: &TensorMetadata| {
        let rank = tensor.shape.len();
        let properties = json!({
            "name": { "const": tensor.name },
            "shape": { "type": "array", "items": { "type": "integer" }, "minItems": rank, "maxItems": rank },
            "datatype": { "const": tensor.dtype.name() },
            "parameters": { "type": "object" },
            "data": { "type": "array", "items": { "anyOf": [element(tensor.dtype), { "type": "array" }] } },
        });
        json!({ "type": "object", "required": required, "properties": properties })
    };
    let items = match told {
        [] => json!({ "type": "object", "required": required }),
        told => json!({ "oneOf": told.iter().map(tensor).collect::<Vec<_>>() }),
    };
    json!({ "type": "array", "items": items })
}
