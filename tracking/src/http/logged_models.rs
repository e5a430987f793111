//! Handlers of logged models.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use forebay_core::invalid::Invalid;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::empty::Empty;
use forebay_wire::logged_models as wire;
use forebay_wire::runs::LogModel;
use serde::de::DeserializeOwned;

use super::attachment;
use crate::model::artifact;
use crate::model::logged_model::{self, LogModelParams, LoggedModelId, SetModelTags};
use crate::{Error, Result, Tracking};

/// The model that the address names.
pub(super) struct ModelPath(LoggedModelId);

/// The model that the address names, and the key of one of its tags.
pub(super) struct TagPath(LoggedModelId, String);

pub(super) async fn create(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::CreateLoggedModel>,
) -> Result<Pretty<wire::LoggedModelResponse>> {
    Ok(Pretty(tracking.create_logged_model(req.try_into()?).await?.into()))
}

pub(super) async fn get(
    State(tracking): State<Tracking>,
    ModelPath(id): ModelPath,
    Message(req): Message<wire::GetLoggedModel>,
) -> Result<Pretty<wire::LoggedModelResponse>> {
    Ok(Pretty(tracking.get_logged_model(id, req.into()).await?.into()))
}

/// The body names the model once more and is the one that counts, as in MLflow.
pub(super) async fn finalize(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::FinalizeLoggedModel>,
) -> Result<Pretty<wire::LoggedModelResponse>> {
    Ok(Pretty(tracking.finalize_logged_model(req.try_into()?).await?.into()))
}

pub(super) async fn delete(
    State(tracking): State<Tracking>,
    ModelPath(id): ModelPath,
) -> Result<Pretty<Empty>> {
    tracking.delete_logged_model(id).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn search(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::SearchLoggedModels>,
) -> Result<Pretty<wire::SearchLoggedModelsResponse>> {
    Ok(Pretty(tracking.search_logged_models(req.try_into()?).await?.into()))
}

pub(super) async fn log_params(
    State(tracking): State<Tracking>,
    ModelPath(id): ModelPath,
    Message(req): Message<wire::LogLoggedModelParams>,
) -> Result<Pretty<Empty>> {
    tracking.log_model_params(LogModelParams::from_wire(req, id)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn set_tags(
    State(tracking): State<Tracking>,
    ModelPath(id): ModelPath,
    Message(req): Message<wire::SetLoggedModelTags>,
) -> Result<Pretty<Empty>> {
    tracking.set_model_tags(SetModelTags::from_wire(req, id)?).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn delete_tag(
    State(tracking): State<Tracking>,
    TagPath(id, key): TagPath,
) -> Result<Pretty<Empty>> {
    tracking.delete_model_tag(id, key).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn list_artifacts(
    State(tracking): State<Tracking>,
    ModelPath(id): ModelPath,
    Message(req): Message<wire::ListLoggedModelArtifacts>,
) -> Result<Pretty<wire::ListLoggedModelArtifactsResponse>> {
    let folder = artifact::folder(req.artifact_directory_path)?;
    Ok(Pretty(tracking.list_model_artifacts(&id, folder).await?.into()))
}

/// One file of a model, for the web UI.
pub(super) async fn get_artifact(
    State(tracking): State<Tracking>,
    ModelPath(id): ModelPath,
    method: Method,
    headers: HeaderMap,
    Message(mut query): Message<BTreeMap<String, String>>,
) -> Result<Response> {
    let path = query.remove("artifact_file_path").filter(|path| !path.is_empty());
    let path = artifact::file(Some(path.ok_or(Error::NoArtifactFilePath)?), "artifact_file_path")?;
    attachment::respond(tracking.open_model_artifact(&id, &path).await?, &method, &headers).await
}

/// `POST runs/log-model`: how clients before MLflow 3 record a model.
pub(super) async fn log_model(
    State(tracking): State<Tracking>,
    Message(req): Message<LogModel>,
) -> Result<Pretty<Empty>> {
    tracking.log_model(req.try_into()?).await?;
    Ok(Pretty(Empty {}))
}

impl<S: Send + Sync> FromRequestParts<S> for ModelPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let id = captures(parts, state).await?;
        Ok(ModelPath(LoggedModelId::in_path(id)?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TagPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let (id, key) = captures(parts, state).await?;
        Ok(TagPath(LoggedModelId::in_path(id)?, logged_model::in_path("tag_key", key)?))
    }
}

async fn captures<S: Send + Sync, T: DeserializeOwned + Send>(
    parts: &mut Parts,
    state: &S,
) -> Result<T, Invalid> {
    let captured = Path::from_request_parts(parts, state).await;
    captured.map(|Path(captured)| captured).map_err(|rejection| Invalid::message(rejection.body_text()))
}
