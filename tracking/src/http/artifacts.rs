//! Handlers of the artifacts of runs.

use std::pin::pin;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use forebay_core::invalid::Invalid;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::artifacts as wire;
use forebay_wire::decode::decode_query;
use futures_util::StreamExt;

use super::attachment;
use super::upload_body::chunks;
use crate::model::artifact::{file, folder};
use crate::model::artifact_path::{ArtifactPath, NewArtifact};
use crate::model::run::RunId;
use crate::{Result, Tracking};

/// Largest file that the web UI may upload, in bytes.
const MAX_UPLOAD_BYTES: usize = 10 * 1024 * 1024;

/// How much of a body that is too large is read, in bytes, before the connection is given up.
const MAX_DISCARDED_BYTES: usize = 4 * MAX_UPLOAD_BYTES;

pub(super) async fn list(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::ListArtifacts>,
) -> Result<Pretty<wire::ListArtifactsResponse>> {
    let run = RunId::parse(req.run_id, req.run_uuid)?;
    let listing = tracking.list_run_artifacts(&run, folder(req.path)?).await?;
    Ok(Pretty(listing.into()))
}

/// `GET /get-artifact`: one file, for the web UI.
pub(super) async fn get(
    State(tracking): State<Tracking>,
    method: Method,
    headers: HeaderMap,
    Message(req): Message<wire::ListArtifacts>,
) -> Result<Response> {
    let path = file(req.path, "path")?;
    // Without a run MLflow looks for the run "None", and answers with a 404.
    let run = RunId::parse(req.run_id, req.run_uuid).unwrap_or_else(|_| RunId::new("None".to_owned()));
    attachment::respond(tracking.open_run_artifact(&run, &path).await?, &method, &headers).await
}

/// The answer to a request for a file below a location that the registry has stored.
pub async fn respond_below(
    tracking: &Tracking,
    location: &str,
    path: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response> {
    let path = ArtifactPath::parse(path)?;
    attachment::respond(tracking.open_below(location, &path).await?, method, headers).await
}

/// Refuses a path that could leave the folder it starts from.
pub fn check_path(path: &str) -> Result<()> {
    Ok(ArtifactPath::parse(path).map(drop)?)
}

/// `POST /ajax-api/2.0/mlflow/upload-artifact`: the query says where, the body is the file.
pub(super) async fn upload(
    State(tracking): State<Tracking>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response> {
    let (run, new) = upload_target(&query.unwrap_or_default())?;
    let bytes = read_upload(body).await?;
    tracking.upload_run_artifact(&run, &new, bytes).await?;
    Ok([(CONTENT_TYPE, "application/json")].into_response())
}

pub(super) async fn presigned_upload_url(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::CreatePresignedUploadUrl>,
) -> Result<Pretty<wire::CreatePresignedUploadUrlResponse>> {
    Ok(Pretty(tracking.presign_upload(req.try_into()?).await?.into()))
}

pub(super) async fn presigned_download_url(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::CreatePresignedDownloadUrl>,
) -> Result<Pretty<wire::CreatePresignedDownloadUrlResponse>> {
    Ok(Pretty(tracking.presign_download(req.try_into()?).await?.into()))
}

fn upload_target(query: &str) -> Result<(RunId, NewArtifact), Invalid> {
    let req: wire::ListArtifacts =
        decode_query(query).map_err(|error| Invalid::message(error.to_string()))?;
    let required = |value: Option<String>, name: &str| {
        let value = value.filter(|value| !value.is_empty());
        value.ok_or_else(|| Invalid::message(format!("Request must specify {name}.")))
    };
    let run = RunId::new(required(req.run_uuid, "run_uuid")?);
    let path = file(Some(required(req.path, "path")?), "path")?;
    Ok((run, NewArtifact::parse(path)?))
}

/// The whole body. One that is somewhat too large is read to its end all the same, because most clients lose an
/// answer that comes while they are still sending.
async fn read_upload(body: Body) -> Result<Bytes, Invalid> {
    let mut chunks = pin!(chunks(body));
    let (mut bytes, mut length) = (BytesMut::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk
            .map_err(|error| Invalid::message(format!("The request body could not be read: {error}")))?;
        length += chunk.len();
        if length > MAX_DISCARDED_BYTES {
            break;
        }
        if length <= MAX_UPLOAD_BYTES {
            bytes.extend_from_slice(&chunk);
        }
    }
    match length {
        0 => Err(Invalid::message("Request must specify data.")),
        _ if length > MAX_UPLOAD_BYTES => {
            Err(Invalid::message("Artifact size is too large. Max size is 10MB."))
        }
        _ => Ok(bytes.freeze()),
    }
}
