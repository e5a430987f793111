//! Tensors in, tensors out.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use forebay_web::body::Whole;
use forebay_web::error::ApiError;

use super::compression::decompress;
use super::error::Error;
use super::{Model, Named, named};
use crate::http::patience;
use crate::long::{long_if, size_bytes};
use crate::model::predictions::Predictions;
use crate::protocols::oip::json::decode::decode_infer;
use crate::protocols::oip::json::encode::{Encoded, encode_infer};
use crate::protocols::oip::request::{AnswerFormat, InferRequest};
use crate::served::inference;
use crate::served::model::ServedModel;
use crate::server::Server;

const HEADER_LEN: HeaderName = HeaderName::from_static("inference-header-content-length");

pub(in crate::http) async fn infer(
    State(server): State<Server>,
    model: Model,
    headers: HeaderMap,
    body: Result<Whole, ApiError>,
) -> Result<Response, Error> {
    let model = ready(&server, model)?;
    let Whole(body) = body.map_err(Error::Body)?;
    let received = Instant::now();
    let patience = patience::at_most(server.patience, &headers).map_err(Error::invalid)?;
    let request = decode(&model, &headers, body, server.body_bytes)?;
    let format = request.answer.clone();
    let predictions = inference::infer(&model, request, patience, received).await?;
    encode(&model, &format, predictions)
}

fn ready(server: &Server, model: Model) -> Result<Arc<ServedModel>, Error> {
    let Named { model, version } = named(model)?;
    Ok(inference::find_ready(&server.models, &model, version.as_deref())?)
}

fn decode(
    model: &ServedModel,
    headers: &HeaderMap,
    body: Bytes,
    max_len: usize,
) -> Result<InferRequest, Error> {
    let header_len = header_len(headers)?;
    // What was compressed may be large.
    let size = if headers.contains_key(CONTENT_ENCODING) { usize::MAX } else { body.len() };
    long_if(size, || {
        let body = decompress(headers, body, max_len)?;
        Ok(decode_infer(header_len, &body, &model.interface)?)
    })
}

fn header_len(headers: &HeaderMap) -> Result<Option<usize>, Error> {
    let Some(value) = headers.get(HEADER_LEN) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.parse().ok());
    let invalid = || Error::invalid("Inference-Header-Content-Length is no number of bytes");
    length.map(Some).ok_or_else(invalid)
}

fn encode(model: &ServedModel, format: &AnswerFormat, predictions: Predictions) -> Result<Response, Error> {
    let size = size_bytes(&predictions);
    let Encoded { body, header_len } = long_if(size, || encode_infer(&model.interface, format, predictions))?;
    let Some(header_len) = header_len else {
        return Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response());
    };
    let binary = HeaderValue::from_static("application/octet-stream");
    Ok(([(CONTENT_TYPE, binary), (HEADER_LEN, header_len.into())], body).into_response())
}
