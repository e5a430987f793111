//! What the server tells of itself and of its models.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use forebay_web::body::{Whole, without_reading};
use forebay_web::error::ApiError;
use forebay_web::response::Compact;
use serde_json::{Value, json};

use super::error::Error;
use super::{Model, Named, named};
use crate::protocols::oip::json::bodies::{self, IndexRequest};
use crate::served::inference::{self, InferenceError};
use crate::served::model::ServedModel;
use crate::server::Server;

type Answer = Result<Compact<Value>, Error>;

fn find(server: &Server, model: Model) -> Result<Arc<ServedModel>, Error> {
    let Named { model, version } = named(model)?;
    Ok(inference::find(&server.models, &model, version.as_deref())?)
}

/// An answer whose status tells the same as its body.
fn readiness(is_ready: bool, body: Value) -> Response {
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Compact(body)).into_response()
}

pub(in crate::http) async fn server_metadata() -> Compact<Value> {
    Compact(bodies::server())
}

pub(in crate::http) async fn server_live() -> Compact<Value> {
    Compact(json!({"live": true}))
}

pub(in crate::http) async fn server_ready(State(server): State<Server>) -> Response {
    let is_ready = server.models.trouble().is_none();
    readiness(is_ready, json!({"ready": is_ready}))
}

pub(in crate::http) async fn model_ready(
    State(server): State<Server>,
    model: Model,
) -> Result<Response, Error> {
    let Named { model, version } = named(model)?;
    let is_ready = inference::is_ready(&server.models, &model, version.as_deref())?;
    Ok(readiness(is_ready, json!({"name": model, "ready": is_ready})))
}

pub(in crate::http) async fn model_metadata(State(server): State<Server>, model: Model) -> Answer {
    Ok(Compact(bodies::metadata(&find(&server, model)?.interface)))
}

pub(in crate::http) async fn model_config(State(server): State<Server>, model: Model) -> Answer {
    Ok(Compact(bodies::config(&find(&server, model)?.interface)))
}

pub(in crate::http) async fn statistics(State(server): State<Server>) -> Compact<Value> {
    Compact(bodies::statistics(&inference::statistics(&server.models.list())))
}

pub(in crate::http) async fn model_statistics(State(server): State<Server>, model: Model) -> Answer {
    Ok(Compact(bodies::statistics(&inference::statistics(&[find(&server, model)?]))))
}

pub(in crate::http) async fn index(State(server): State<Server>, body: Result<Whole, ApiError>) -> Answer {
    let Whole(body) = body.map_err(Error::Body)?;
    let request = if body.iter().all(u8::is_ascii_whitespace) {
        IndexRequest::default()
    } else {
        serde_json::from_slice(&body)
            .map_err(|error| Error::invalid(format!("the request is not as the protocol says: {error}")))?
    };
    Ok(Compact(bodies::index(&inference::index(&server.models), &request)))
}

/// Loading and unloading.
pub(in crate::http) async fn fixed_models(body: Body) -> Response {
    without_reading(&body, Error::from(InferenceError::FixedModels).into_response())
}

/// What is asked for in vain, in the protocol's own words.
pub(in crate::http) async fn unknown(uri: Uri, body: Body) -> Response {
    without_reading(&body, Error::UnknownPath(uri.path().to_owned()).into_response())
}
