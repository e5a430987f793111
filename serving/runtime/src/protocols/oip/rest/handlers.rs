//! What each path answers.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Limits;
use super::super::backend::{Backend, ModelInfo, Wanted};
use super::super::error::{OipError, check_ready};
use super::super::work;
use super::bodies::{self, IndexRequest};
use super::compression::decompress;
use super::decode::decode_infer;
use super::encode::{Encoded, encode_infer};
use super::json::Json;
use crate::protocols::patience;

const HEADER_LEN: HeaderName = HeaderName::from_static("inference-header-content-length");

/// What all handlers share.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) limits: Limits,
}

/// The model that a path names.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    model: String,
    version: Option<String>,
}

type Body = Result<Bytes, BytesRejection>;
type Model = Result<Path<Named>, PathRejection>;

impl Server {
    fn find(&self, model: Model) -> Result<ModelInfo, OipError> {
        let named = named(model)?;
        let version = named.version.as_deref();
        let found = self.backend.find(&named.model, version);
        found.ok_or_else(|| OipError::unknown_model(&named.model, version))
    }

    fn body(&self, body: Body) -> Result<Bytes, OipError> {
        body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => OipError::BodyTooLong(self.limits.max_body_bytes),
            _ => OipError::Invalid("the body did not come as a whole".to_owned()),
        })
    }

    async fn set_loaded(&self, model: Model, body: Body, wanted: Wanted) -> Result<Json, OipError> {
        let named = named(model)?;
        let request: Value = read(&self.body(body)?)?;
        let has_parameters = request["parameters"].as_object().is_some_and(|all| !all.is_empty());
        if wanted == Wanted::Loaded && has_parameters {
            return Err(OipError::Invalid(
                "a model is loaded as it is registered, without parameters".to_owned(),
            ));
        }
        self.backend.set_loaded(&named.model, wanted).await?;
        Ok(Json(json!({})))
    }
}

fn named(model: Model) -> Result<Named, OipError> {
    match model {
        Ok(Path(named)) => Ok(named),
        Err(_) => Err(OipError::Invalid("the model's name in the path is no UTF-8 text".to_owned())),
    }
}

/// A small body; an empty one asks for nothing in particular.
fn read<T: for<'de> Deserialize<'de> + Default>(body: &[u8]) -> Result<T, OipError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(T::default());
    }
    let invalid = |error| OipError::Invalid(format!("the request is not as the protocol says: {error}"));
    serde_json::from_slice(body).map_err(invalid)
}

pub(super) async fn server_metadata() -> Json {
    Json(bodies::server())
}

pub(super) async fn server_live() -> Json {
    Json(json!({"live": true}))
}

pub(super) async fn server_ready(State(server): State<Server>) -> Response {
    let ready = server.backend.is_ready();
    (readiness(ready), Json(json!({"ready": ready}))).into_response()
}

fn readiness(ready: bool) -> StatusCode {
    if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

pub(super) async fn model_ready(State(server): State<Server>, model: Model) -> Result<Response, OipError> {
    let model = server.find(model)?;
    let ready = check_ready(&model).is_ok();
    Ok((readiness(ready), Json(json!({"name": *model.name, "ready": ready}))).into_response())
}

pub(super) async fn model_metadata(State(server): State<Server>, model: Model) -> Result<Json, OipError> {
    let model = server.find(model)?;
    let versions = work::versions(server.backend.as_ref(), &model.name);
    Ok(Json(bodies::metadata(&model, &versions)))
}

pub(super) async fn model_config(State(server): State<Server>, model: Model) -> Result<Json, OipError> {
    Ok(Json(bodies::config(&server.find(model)?)))
}

/// What is asked for in vain, in the protocol's own words.
pub(super) async fn unknown(uri: Uri) -> OipError {
    OipError::UnknownPath(uri.path().to_owned())
}

pub(super) async fn statistics(State(server): State<Server>) -> Json {
    Json(bodies::statistics(&server.backend.statistics(None, None)))
}

pub(super) async fn model_statistics(State(server): State<Server>, model: Model) -> Result<Json, OipError> {
    let model = server.find(model)?;
    let counted = server.backend.statistics(Some(&model.name), model.version.as_deref());
    Ok(Json(bodies::statistics(&counted)))
}

pub(super) async fn index(State(server): State<Server>, body: Body) -> Result<Json, OipError> {
    let request: IndexRequest = read(&server.body(body)?)?;
    Ok(Json(bodies::index(&server.backend.models(), &request)))
}

pub(super) async fn load(State(server): State<Server>, model: Model, body: Body) -> Result<Json, OipError> {
    server.set_loaded(model, body, Wanted::Loaded).await
}

pub(super) async fn unload(State(server): State<Server>, model: Model, body: Body) -> Result<Json, OipError> {
    server.set_loaded(model, body, Wanted::Unloaded).await
}

pub(super) async fn infer(
    State(server): State<Server>,
    model: Model,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, OipError> {
    let model = server.find(model)?;
    check_ready(&model)?;
    let body = server.body(body)?;
    let header_len = header_len(&headers)?;
    let (max_len, interface) = (server.limits.max_body_bytes, Arc::clone(&model.interface));
    // What was compressed may be large.
    let size = if headers.contains_key(CONTENT_ENCODING) { usize::MAX } else { body.len() };
    let encoding = headers.clone();
    let request = work::off_thread(size, move || {
        let body = decompress(&encoding, body, max_len)?;
        decode_infer(header_len, &body, &interface)
    })
    .await?;
    let format = request.answer;
    let timeout = request.timeout.into_iter().chain(timeout(&headers)?).min();
    let predictions = server.backend.infer(&model, request.batch, request.params, timeout).await?;
    let size = work::size_bytes(&predictions);
    work::off_thread(size, move || encode_infer(&model, &format, predictions)).await.map(respond)
}

/// The time that the caller gives, as for MLflow's protocol.
fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, OipError> {
    patience::asked(headers).map_err(OipError::Invalid)
}

fn header_len(headers: &HeaderMap) -> Result<Option<usize>, OipError> {
    let Some(value) = headers.get(HEADER_LEN) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    let invalid = || OipError::Invalid("Inference-Header-Content-Length is no number of bytes".to_owned());
    length.map(Some).ok_or_else(invalid)
}

fn respond(encoded: Encoded) -> Response {
    let Some(header_len) = encoded.header_len else {
        return ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], encoded.body)
            .into_response();
    };
    let binary = HeaderValue::from_static("application/octet-stream");
    ([(CONTENT_TYPE, binary), (HEADER_LEN, header_len.into())], encoded.body).into_response()
}
