//! Handlers of datasets, and of what went into runs and came out of them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::datasets as wire;
use forebay_wire::empty::Empty;
use serde_json::{Map, Value};

use crate::model::dataset::{LogInputs, LogOutputs};
use crate::{Result, Tracking};

pub(super) async fn log_inputs(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::LogInputs>,
) -> Result<Pretty<Empty>> {
    tracking.log_inputs(LogInputs::from_wire(req, tracking.columns)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn log_outputs(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::LogOutputs>,
) -> Result<Pretty<Empty>> {
    tracking.log_outputs(LogOutputs::from_wire(req, tracking.columns)?).await?;
    Ok(Pretty(Empty {}))
}

/// Ids that are no list of texts name no experiment, as in the original, which has no check of types here.
pub(super) async fn search(
    State(tracking): State<Tracking>,
    Message(fields): Message<Map<String, Value>>,
) -> Result<Pretty<wire::SearchDatasetsResponse>> {
    let req: wire::SearchDatasets = serde_json::from_value(Value::Object(fields)).unwrap_or_default();
    let found = tracking.search_datasets(req.try_into()?).await?.into_iter();
    Ok(Pretty(wire::SearchDatasetsResponse { dataset_summaries: found.map(Into::into).collect() }))
}

/// The original has the search at a misspelt path too, where it finds nothing and says nothing.
pub(super) async fn nothing_here() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "text/html; charset=utf-8")])
}
