//! The `OpenAPI` document of the models that are served, made of their signatures.

mod schema;
mod invocations;
mod inference;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::served::Models;
use crate::served::model::ServedModel;

/// What callers of any model may meet.
const REFUSALS: [(&str, &str); 5] = [
    ("400", "The body is not what the model takes"),
    ("413", "The body is longer than bodies may be, or has more rows than the queue holds"),
    ("429", "The queue is full; see Retry-After"),
    ("503", "The model cannot answer now"),
    ("504", "The deadline passed"),
];

/// Paths of the server alone, with what they tell.
const OF_SERVER: [(&str, &str); 4] = [
    ("/ping", "Whether every model can answer"),
    ("/health", "Whether every model can answer"),
    ("/version", "The release of MLflow whose scoring protocol this is"),
    ("/metrics", "What is counted, for Prometheus"),
];

/// The document of a server.
pub(super) fn of_server(models: &Models) -> Value {
    let mut paths: Map<String, Value> =
        OF_SERVER.iter().map(|(path, summary)| ((*path).to_owned(), get(summary))).collect();
    paths.extend(inference::of_server());
    if let Ok(only) = models.only() {
        paths.insert("/invocations".to_owned(), json!({ "post": invocations::operation(&only) }));
    }
    for model in models.list() {
        paths.extend(of_one(&model));
    }
    document(&paths)
}

/// The document of one of its models.
pub(super) fn of_model(model: &Arc<ServedModel>) -> Value {
    document(&of_one(model).collect())
}

fn document(paths: &Map<String, Value>) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Forebay models", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
    })
}

fn of_one(model: &ServedModel) -> impl Iterator<Item = (String, Value)> {
    let operation = json!({ "post": invocations::operation(model) });
    let invocations = ["serving-endpoints", "endpoints"]
        .map(|base| (format!("/{base}/{}/invocations", model.name), operation.clone()));
    invocations.into_iter().chain(inference::of_model(model))
}

/// An operation that only tells something.
fn get(summary: &str) -> Value {
    json!({ "get": { "summary": summary, "responses": responses(json!({ "description": summary }), &[]) } })
}

/// The answer and the refusals.
fn responses(answer: Value, refusals: &[(&str, &str)]) -> Map<String, Value> {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), answer);
    responses
        .extend(refusals.iter().map(|(status, why)| ((*status).to_owned(), json!({ "description": why }))));
    responses
}
