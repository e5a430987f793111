//! Handlers of registered models.

use axum::extract::State;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::empty::Empty;
use forebay_wire::registered_models as wire;

use super::caller::Caller;
use crate::model::name::ModelName;
use crate::model::registered_model::{
    NewRegisteredModel, RegisteredModel, RenameRegisteredModel, SetModelTag, UpdateRegisteredModel,
};
use crate::{Registry, Result};

pub(super) async fn create(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::CreateRegisteredModel>,
) -> Result<Pretty<wire::RegisteredModelResponse>> {
    let new = NewRegisteredModel::from_wire(req, registry.columns)?;
    Ok(one(registry.create_registered_model(new, registry.moment(caller)).await?))
}

pub(super) async fn get(
    State(registry): State<Registry>,
    Message(req): Message<wire::NamedRegisteredModel>,
) -> Result<Pretty<wire::RegisteredModelResponse>> {
    Ok(one(registry.get_registered_model(&ModelName::parse(req.name)?).await?))
}

pub(super) async fn get_latest_versions(
    State(registry): State<Registry>,
    Message(req): Message<wire::GetLatestVersions>,
) -> Result<Pretty<wire::GetLatestVersionsResponse>> {
    let latest = registry.get_latest_versions(&req.try_into()?).await?;
    let model_versions = latest.into_iter().map(Into::into).collect();
    Ok(Pretty(wire::GetLatestVersionsResponse { model_versions }))
}

pub(super) async fn update(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::UpdateRegisteredModel>,
) -> Result<Pretty<wire::RegisteredModelResponse>> {
    let req = UpdateRegisteredModel::from_wire(req, registry.columns)?;
    Ok(one(registry.update_registered_model(req, registry.moment(caller)).await?))
}

pub(super) async fn rename(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::RenameRegisteredModel>,
) -> Result<Pretty<wire::RegisteredModelResponse>> {
    let req = RenameRegisteredModel::from_wire(req, registry.columns)?;
    Ok(one(registry.rename_registered_model(req, registry.moment(caller)).await?))
}

pub(super) async fn delete(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::NamedRegisteredModel>,
) -> Result<Pretty<Empty>> {
    registry.delete_registered_model(ModelName::parse(req.name)?, registry.moment(caller)).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn search(
    State(registry): State<Registry>,
    Message(req): Message<wire::SearchRegisteredModels>,
) -> Result<Pretty<wire::SearchRegisteredModelsResponse>> {
    let page = registry.search_registered_models(req.try_into()?).await?;
    Ok(Pretty(page.into()))
}

pub(super) async fn set_tag(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::SetRegisteredModelTag>,
) -> Result<Pretty<Empty>> {
    registry
        .set_registered_model_tag(SetModelTag::from_wire(req, registry.columns)?, registry.moment(caller))
        .await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn delete_tag(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::DeleteRegisteredModelTag>,
) -> Result<Pretty<Empty>> {
    registry.delete_registered_model_tag(req.try_into()?, registry.moment(caller)).await?;
    Ok(Pretty(Empty {}))
}

fn one(model: RegisteredModel) -> Pretty<wire::RegisteredModelResponse> {
    Pretty(wire::RegisteredModelResponse { registered_model: Some(model.into()) })
}
