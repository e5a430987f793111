//! Handlers of model versions.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use forebay_core::invalid::Invalid;
use forebay_web::error::ApiError;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::empty::Empty;
use forebay_wire::model_versions as wire;

use super::caller::Caller;
use super::files::FileRequest;
use crate::model::model_version::{ModelVersion, NewModelVersion, UpdateModelVersion};
use crate::model::name::VersionKey;
use crate::{Registry, Result};

pub(super) async fn create(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::CreateModelVersion>,
) -> Result<Pretty<wire::ModelVersionResponse>> {
    let new = NewModelVersion::from_wire(req, registry.columns)?;
    Ok(one(registry.create_model_version(new, registry.moment(caller)).await?))
}

pub(super) async fn get(
    State(registry): State<Registry>,
    Message(req): Message<wire::NamedModelVersion>,
) -> Result<Pretty<wire::ModelVersionResponse>> {
    Ok(one(registry.get_model_version(&req.try_into()?).await?))
}

pub(super) async fn get_download_uri(
    State(registry): State<Registry>,
    Message(req): Message<wire::NamedModelVersion>,
) -> Result<Pretty<wire::GetModelVersionDownloadUriResponse>> {
    let key = VersionKey::parse_unchecked(req.name, req.version)?;
    let artifact_uri = Some(registry.get_download_uri(&key).await?);
    Ok(Pretty(wire::GetModelVersionDownloadUriResponse { artifact_uri }))
}

/// `GET /model-versions/get-artifact`: one file, for the web UI.
pub(super) async fn get_artifact(
    State(registry): State<Registry>,
    method: Method,
    headers: HeaderMap,
    Message(req): Message<wire::GetModelVersionArtifact>,
) -> Result<Response, ApiError> {
    let path = req.path.ok_or_else(|| Invalid::missing("path"))?;
    registry.around.answers.check_path(&path)?;
    let location = registry.get_download_uri(&VersionKey::parse_unchecked(req.name, req.version)?).await?;
    let file = FileRequest { location: &location, path: &path, method: &method, headers: &headers };
    registry.around.answers.respond(file).await
}

pub(super) async fn update(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::UpdateModelVersion>,
) -> Result<Pretty<wire::ModelVersionResponse>> {
    let req = UpdateModelVersion::from_wire(req, registry.columns)?;
    Ok(one(registry.update_model_version(req, registry.moment(caller)).await?))
}

pub(super) async fn transition_stage(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::TransitionModelVersionStage>,
) -> Result<Pretty<wire::ModelVersionResponse>> {
    Ok(one(registry.transition_stage(req.try_into()?, registry.moment(caller)).await?))
}

pub(super) async fn delete(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::NamedModelVersion>,
) -> Result<Pretty<Empty>> {
    registry.delete_model_version(req.try_into()?, registry.moment(caller)).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn search(
    State(registry): State<Registry>,
    Message(req): Message<wire::SearchModelVersions>,
) -> Result<Pretty<wire::SearchModelVersionsResponse>> {
    Ok(Pretty(registry.search_model_versions(req).await?))
}

pub(super) async fn set_tag(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::SetModelVersionTag>,
) -> Result<Pretty<Empty>> {
    registry.set_model_version_tag(req.try_into()?, registry.moment(caller)).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn delete_tag(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::DeleteModelVersionTag>,
) -> Result<Pretty<Empty>> {
    registry.delete_model_version_tag(req.try_into()?, registry.moment(caller)).await?;
    Ok(Pretty(Empty {}))
}

/// The answer that is one version.
pub(super) fn one(version: ModelVersion) -> Pretty<wire::ModelVersionResponse> {
    Pretty(wire::ModelVersionResponse { model_version: Some(version.into()) })
}
