//! `POST /invocations`: a body of rows in, predictions out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use forebay_web::body::{Whole, without_reading};
use forebay_web::cpu;

use super::error::Error;
use super::{lines, patience, timing};
use crate::long::long_if;
use crate::model::predictions::Predictions;
use crate::protocols::mlflow::Refusal;
use crate::protocols::mlflow::encode::{encode_arrow, encode_json};
use crate::queue::entry::Scored;
use crate::served::NotServed;
use crate::served::model::ServedModel;
use crate::server::Server;

/// Answers of more rows are not for the threads that answer.
const LONG_ROWS: usize = 1_000;

pub(super) const ARROW: &str = "application/vnd.apache.arrow.stream";
pub(super) const JSON: &str = "application/json";
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Asks the only model of the server.
pub(super) async fn only(State(server): State<Server>, request: Request) -> Response {
    answer(&server, server.models.only(), request).await
}

/// Asks the model in the path.
pub(super) async fn named(
    State(server): State<Server>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    answer(&server, server.models.find(&name), request).await
}

async fn answer(server: &Server, model: Result<Arc<ServedModel>, NotServed>, request: Request) -> Response {
    match admitted(server, model, request.headers()) {
        Ok((model, patience)) if lines::are_asked(request.headers()) => {
            lines::answer(server.models.clone(), model.name.clone(), patience, request.into_body())
        }
        Ok((model, patience)) => score(&model, patience, request).await.unwrap_or_else(Error::into_response),
        Err(error) => without_reading(request.body(), error.into_response()),
    }
}

/// The model, and how long the caller waits: all that is known before the body is read.
fn admitted(
    server: &Server,
    model: Result<Arc<ServedModel>, NotServed>,
    headers: &HeaderMap,
) -> Result<(Arc<ServedModel>, Duration), Error> {
    let model = model?;
    let patience = patience::at_most(server.patience, headers).map_err(Error::Invalid)?;
    let is_compressed = headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity");
    if is_compressed && !lines::are_asked(headers) {
        let why = "Content-Encoding: bodies are read as they are; send them uncompressed.".to_owned();
        return Err(Refusal::UnsupportedMediaType(why).into());
    }
    Ok((model, patience))
}

async fn score(model: &ServedModel, patience: Duration, request: Request) -> Result<Response, Error> {
    let format = Format::of(request.headers());
    let content_type = request.headers().get(CONTENT_TYPE).cloned();
    let body = match Whole::from_request(request, &()).await {
        Ok(Whole(body)) => body,
        Err(refusal) => return Ok(refusal.into_response()),
    };
    let received = Instant::now();
    let content_type = content_type.as_ref().map(|value| value.to_str().unwrap_or("(not ASCII)"));
    let asked = long_if(body.len(), || model.decoder.decode(content_type, &body))?;
    let parsed = received.elapsed();
    let scored = model.score(asked.batch, asked.params, patience.saturating_sub(parsed)).await?;
    let Scored { predictions, queued, compute } = scored;
    let scored = Instant::now();
    let mut response = format.write(&predictions, asked.is_bare)?;
    let parts =
        [("parse", parsed), ("queue", queued), ("compute", compute.total()), ("serialise", scored.elapsed())];
    if let Some(header) = timing::header(&parts) {
        response.headers_mut().insert(SERVER_TIMING, header);
    }
    Ok(response)
}

/// How the caller wants the predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Arrow,
}

impl Format {
    /// As asked for; without a wish Arrow is answered with Arrow, and anything else with JSON.
    fn of(headers: &HeaderMap) -> Self {
        let names = |name: HeaderName, text: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(text))
        };
        if names(ACCEPT, ARROW) || names(CONTENT_TYPE, ARROW) && !names(ACCEPT, JSON) {
            Format::Arrow
        } else {
            Format::Json
        }
    }

    fn write(self, predictions: &Predictions, is_bare: bool) -> Result<Response, Error> {
        let mut body = Vec::new();
        let is_long = predictions.n_rows().is_none_or(|n_rows| n_rows > LONG_ROWS);
        let mut write = || match self {
            Format::Json => encode_json(predictions, is_bare, &mut body),
            Format::Arrow => encode_arrow(predictions, &mut body),
        };
        if is_long { cpu::long(write) } else { write() }.map_err(Error::Answer)?;
        let content_type = match self {
            Format::Json => HeaderValue::from_static(JSON),
            Format::Arrow => HeaderValue::from_static(ARROW),
        };
        Ok(([(CONTENT_TYPE, content_type)], body).into_response())
    }
}
