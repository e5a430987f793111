//! Handlers of metric histories.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use forebay_core::error_code::ErrorCode;
use forebay_core::page_token;
use forebay_web::error::ApiError;
use forebay_web::message::Message;
use forebay_web::response::{Encoded, Pretty};
use forebay_wire::metrics as wire;

use crate::model::history::{BulkHistory, HistoryPage, SampledHistory};
use crate::{Result, Tracking};

pub(super) async fn get_history(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::GetMetricHistory>,
) -> Result<Response> {
    let page = HistoryPage::try_from(req)?;
    let (points, next_offset) = tracking.get_metric_history(&page).await?;
    let history = wire::MetricHistory {
        key: &page.key,
        points: points.into_iter().map(Into::into).collect(),
        next_page_token: next_offset.map(page_token::encode_offset),
    };
    Ok(Pretty(history).into_response())
}

pub(super) async fn get_history_bulk(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::GetMetricHistoryBulk>,
) -> Result<Encoded, ApiError> {
    let bulk = BulkHistory::try_from(req)?;
    let points = tracking.get_metric_history_bulk(&bulk).await?;
    let metrics = points.into_iter().map(|point| point.into_bulk(&bulk.key)).collect();
    let text = wire::GetMetricHistoryBulkResponse { metrics }.to_text();
    text.map(Encoded).map_err(|error| ApiError::from_error(ErrorCode::InternalError, &error))
}

pub(super) async fn get_history_bulk_interval(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::GetMetricHistoryBulkInterval>,
) -> Result<Pretty<wire::GetMetricHistoryBulkIntervalResponse>> {
    let sample = SampledHistory::try_from(req)?;
    let points = tracking.sample_metric_history(&sample).await?;
    let metrics = points.into_iter().map(|point| point.into_sampled(&sample.key)).collect();
    Ok(Pretty(wire::GetMetricHistoryBulkIntervalResponse { metrics }))
}
