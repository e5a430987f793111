//! Handlers of experiments.

use axum::extract::State;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::empty::Empty;
use forebay_wire::experiments as wire;

use crate::model::experiment::{AskedName, ExperimentId, NewExperiment, RenameExperiment};
use crate::{Result, Tracking};

pub(super) async fn create(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::CreateExperiment>,
) -> Result<Pretty<wire::CreateExperimentResponse>> {
    let new = NewExperiment::from_wire(req, &tracking.config.locations, tracking.columns)?;
    let id = tracking.create_experiment(new).await?;
    Ok(Pretty(wire::CreateExperimentResponse { experiment_id: Some(id.to_string()) }))
}

pub(super) async fn get(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::GetExperiment>,
) -> Result<Pretty<wire::GetExperimentResponse>> {
    let experiment = tracking.get_experiment(ExperimentId::require(req.experiment_id)?).await?;
    Ok(Pretty(wire::GetExperimentResponse { experiment: Some(experiment.into()) }))
}

pub(super) async fn get_by_name(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::GetExperimentByName>,
) -> Result<Pretty<wire::GetExperimentResponse>> {
    let AskedName(name) = req.try_into()?;
    let experiment = tracking.get_experiment_by_name(name).await?;
    Ok(Pretty(wire::GetExperimentResponse { experiment: Some(experiment.into()) }))
}

pub(super) async fn search(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::SearchExperiments>,
) -> Result<Pretty<wire::SearchExperimentsResponse>> {
    let page = tracking.search_experiments(req.try_into()?).await?;
    Ok(Pretty(page.into()))
}

pub(super) async fn update(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::UpdateExperiment>,
) -> Result<Pretty<Empty>> {
    tracking.rename_experiment(RenameExperiment::from_wire(req, tracking.columns)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn delete(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::DeleteExperiment>,
) -> Result<Pretty<Empty>> {
    tracking.delete_experiment(ExperimentId::require(req.experiment_id)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn restore(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::RestoreExperiment>,
) -> Result<Pretty<Empty>> {
    tracking.restore_experiment(ExperimentId::require(req.experiment_id)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn set_tag(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::SetExperimentTag>,
) -> Result<Pretty<Empty>> {
    tracking.set_experiment_tag(req.try_into()?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn delete_tag(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::DeleteExperimentTag>,
) -> Result<Pretty<Empty>> {
    tracking.delete_experiment_tag(req.try_into()?).await?;
    Ok(Pretty(Empty {}))
}
