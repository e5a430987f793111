//! Handlers of runs.

use axum::extract::State;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::empty::Empty;
use forebay_wire::metrics::LogMetric;
use forebay_wire::runs as wire;

use crate::model::log_batch::LogBatch;
use crate::model::run::{NewRun, RunId, RunUpdate};
use crate::{Result, Tracking};

pub(super) async fn create(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::CreateRun>,
) -> Result<Pretty<wire::GetRunResponse>> {
    let run = tracking.create_run(NewRun::from_wire(req, tracking.columns)?).await?;
    // A run that was just made has no outputs to speak of; the original leaves them out here.
    let run = wire::Run { outputs: None, ..run.into() };
    Ok(Pretty(wire::GetRunResponse { run: Some(run) }))
}

pub(super) async fn get(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::GetRun>,
) -> Result<Pretty<wire::GetRunResponse>> {
    let run = tracking.get_run(RunId::parse(req.run_id, req.run_uuid)?).await?;
    Ok(Pretty(wire::GetRunResponse { run: Some(run.into()) }))
}

pub(super) async fn update(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::UpdateRun>,
) -> Result<Pretty<wire::UpdateRunResponse>> {
    let info = tracking.update_run(RunUpdate::from_wire(req, tracking.columns)?).await?;
    Ok(Pretty(wire::UpdateRunResponse { run_info: Some(info.into()) }))
}

pub(super) async fn delete(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::DeleteRun>,
) -> Result<Pretty<Empty>> {
    tracking.delete_run(RunId::parse(req.run_id, None)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn restore(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::RestoreRun>,
) -> Result<Pretty<Empty>> {
    tracking.restore_run(RunId::parse(req.run_id, None)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn log_metric(
    State(tracking): State<Tracking>,
    Message(req): Message<LogMetric>,
) -> Result<Pretty<Empty>> {
    tracking.log_batch(LogBatch::from_metric(req, tracking.columns)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn log_param(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::LogParam>,
) -> Result<Pretty<Empty>> {
    tracking.log_batch(LogBatch::from_param(req, tracking.config.long_values)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn log_batch(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::LogBatch>,
) -> Result<Pretty<Empty>> {
    tracking.log_batch(LogBatch::from_list(req, tracking.config.long_values, tracking.columns)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn set_tag(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::SetTag>,
) -> Result<Pretty<Empty>> {
    tracking.log_batch(LogBatch::from_tag(req, tracking.config.long_values, tracking.columns)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn delete_tag(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::DeleteTag>,
) -> Result<Pretty<Empty>> {
    tracking.delete_run_tag(req.try_into()?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn search(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::SearchRuns>,
) -> Result<Pretty<wire::SearchRunsResponse>> {
    let page = tracking.search_runs(req.try_into()?).await?;
    Ok(Pretty(page.into()))
}
