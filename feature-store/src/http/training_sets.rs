//! Training sets over HTTP: rows come as a table or as an Arrow stream, and go as either; where a table is written, the answer
//! may tell of the progress, a line at a time.

use std::io;

use axum::extract::{FromRequest as _, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use forebay_core::invalid::Invalid;
use forebay_web::body::without_reading;
use forebay_web::error::ApiError;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::decode::decode_query_as_body;
use forebay_wire::features as wire;
use tempfile::TempPath;
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;

use super::spool::spool;
use super::streams;
use crate::builds::asked::Asked;
use crate::builds::job::Job;
use crate::builds::watch::Watch;
use crate::training_sets::{Built, Error as BuildError};
use crate::{Error, Features};

const JSON: &str = "application/json";
const ARROW: &str = "application/vnd.apache.arrow.stream";
const LINES: &str = "application/x-ndjson";

/// How much news waits to be told.
const NEWS: usize = 16;

pub(super) async fn make(State(features): State<Features>, request: Request) -> Result<Response, ApiError> {
    let wants_lines = names(request.headers(), ACCEPT.as_str(), LINES);
    let job = match receive(&features, request).await? {
        Ok(job) => job,
        Err(busy) => return Ok(busy),
    };
    match (job.output().map(str::to_owned), wants_lines) {
        (None, _) => as_stream(job).await,
        (Some(output), true) => Ok(in_lines(job, output)),
        (Some(output), false) => whole(job, output).await,
    }
}

/// The job that is asked for, or the answer where others have the turn. Whoever sends slowly has none meanwhile.
async fn receive(features: &Features, request: Request) -> Result<Result<Job, Response>, ApiError> {
    let (Ok(room), false) = (features.room(), features.is_building()) else {
        return Ok(Err(without_reading(request.body(), Error::Busy.into_response())));
    };
    let (asked, spooled) = read(request).await?;
    let turn = match features.turn() {
        Ok(turn) => turn,
        Err(busy) => return Ok(Err(busy.into_response())),
    };
    drop(room);
    Ok(Ok(features.prepare(asked, spooled, turn).await?))
}

/// Whether a header names a media type.
fn names(headers: &HeaderMap, header: &str, kind: &str) -> bool {
    let values = headers.get_all(header).into_iter().filter_map(|value| value.to_str().ok());
    let mut kinds = values.flat_map(|value| value.split(',')).filter_map(|kind| kind.split(';').next());
    kinds.any(|named| named.trim().eq_ignore_ascii_case(kind))
}

/// What is asked for, and the rows that came with it.
async fn read(request: Request) -> Result<(Asked, Option<TempPath>), ApiError> {
    if names(request.headers(), CONTENT_TYPE.as_str(), ARROW) {
        let message: wire::MakeTrainingSet = decode_query_as_body(request.uri().query().unwrap_or_default())?;
        let asked = message.try_into()?;
        return Ok((asked, Some(spool(request.into_body()).await?)));
    }
    if !names(request.headers(), CONTENT_TYPE.as_str(), JSON) {
        let why = format!("The Content-Type must be one of ['{JSON}', '{ARROW}'].");
        return Err(Invalid::message(why).into());
    }
    if request.uri().query().is_some_and(|query| !query.is_empty()) {
        let why = format!("The query is read only with a body of '{ARROW}'; here it belongs into the body.");
        return Err(Invalid::message(why).into());
    }
    let Message(message) = Message::<wire::MakeTrainingSet>::from_request(request, &()).await?;
    Ok((message.try_into()?, None))
}

/// Answers when all is written. A caller who hangs up lets the build end.
async fn whole(job: Job, output: String) -> Result<Response, ApiError> {
    let (watch, _waiting) = Watch::new(None);
    let built = ended(job.start(watch, Box::new(io::sink()))).await?;
    Ok(Pretty(result(output, &built)).into_response())
}

async fn ended(building: JoinHandle<Result<Built, BuildError>>) -> Result<Built, Error> {
    Ok(building.await.map_err(Error::Broken)??)
}

/// The rows. What goes wrong before the first of them are sent is an answer of its own; later it breaks the stream off.
async fn as_stream(job: Job) -> Result<Response, ApiError> {
    let (sender, mut chunks) = streams::pipe();
    let (watch, waiting) = Watch::new(None);
    let building = job.start(watch, streams::writer(sender.clone()));
    let building = tokio::spawn(async move {
        let ended = ended(building).await;
        if ended.is_err() {
            let _ = sender.send(Err(io::Error::other("the training set was not made"))).await;
        }
        ended
    });
    match chunks.recv().await {
        Some(Ok(first)) => {
            let body = streams::body(Some(first), chunks, waiting);
            Ok(([(CONTENT_TYPE, ARROW)], body).into_response())
        }
        Some(Err(_)) | None => {
            Err(building.await.map_err(Error::Broken)?.err().unwrap_or(Error::Build(BuildError::Lost)).into())
        }
    }
}

/// News while it is made, and in the end what became of it.
fn in_lines(job: Job, output: String) -> Response {
    let (sender, chunks) = streams::pipe();
    let (tell, mut news) = channel(NEWS);
    let (watch, waiting) = Watch::new(Some(tell));
    let building = job.start(watch, Box::new(io::sink()));
    tokio::spawn(async move {
        while let Some(progress) = news.recv().await {
            let line = wire::TrainingSetLine { progress: Some(progress), ..wire::TrainingSetLine::default() };
            send(&sender, &line).await;
        }
        send(&sender, &last(output, ended(building).await)).await;
    });
    ([(CONTENT_TYPE, LINES)], streams::body(None, chunks, waiting)).into_response()
}

/// Whoever is gone is told nothing.
async fn send(sender: &Sender<io::Result<Bytes>>, line: &wire::TrainingSetLine) {
    // A message of texts, numbers, lists and maps is always JSON.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    let _ = sender.send(Ok(text.into())).await;
}

fn last(output: String, ended: Result<Built, Error>) -> wire::TrainingSetLine {
    match ended {
        Ok(built) => {
            wire::TrainingSetLine { result: Some(result(output, &built)), ..wire::TrainingSetLine::default() }
        }
        Err(error) => {
            let code = error.code();
            let message = Some(ApiError::from(error).to_string());
            wire::TrainingSetLine {
                error_code: Some(code.as_str().to_owned()),
                message,
                ..wire::TrainingSetLine::default()
            }
        }
    }
}

fn result(output: String, built: &Built) -> wire::TrainingSetResponse {
    let number = |version: u64| i64::try_from(version).unwrap_or(i64::MAX).into();
    wire::TrainingSetResponse {
        output: Some(output),
        output_version: built.output_version.map(number),
        // Neither has a map whose keys are no texts, so both are JSON.
        manifest: serde_json::to_value(&built.manifest).ok(),
        audit: serde_json::to_value(&built.audit).ok(),
    }
}
