//! Handlers of the proxy: files of the server's own store, by their path in it.
//!
//! In MLflow two frameworks share these routes. GET and PUT of a path come from the newer one, whose errors are
//! compact JSON and, where it found the fault itself, `{"detail": …}`.

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequestParts, MatchedPath, OriginalUri, State};
use axum::http::header::CONNECTION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use forebay_web::message::Message;
use forebay_web::response::{Compact, Pretty};
use forebay_wire::artifacts as wire;
use forebay_wire::empty::Empty;
use forebay_wire::error::ErrorBody;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::attachment;
use super::upload_body::chunks;
use crate::artifacts::StoreError;
use crate::model::artifact::folder;
use crate::model::artifact_path::{ArtifactPath, NewArtifact};
use crate::model::multipart::{CompleteUpload, CreateUpload, PendingUploadId};
use crate::{Error, Result, Tracking};

/// The rest of the address, as the path of an artifact.
pub(super) struct ProxyPath(ArtifactPath);

pub(super) async fn list(
    State(tracking): State<Tracking>,
    Message(req): Message<wire::ListProxiedArtifacts>,
) -> Result<Pretty<wire::ListProxiedArtifactsResponse>> {
    let entries = tracking.require_proxied_artifacts()?.list(&folder(req.path)?).await?;
    let root = ArtifactPath::default();
    let files = entries.into_iter().map(|entry| entry.into_wire(&root)).collect();
    Ok(Pretty(wire::ListProxiedArtifactsResponse { files }))
}

pub(super) async fn get(
    State(tracking): State<Tracking>,
    ProxyPath(path): ProxyPath,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ProxyError> {
    let opened = tracking.require_proxied_artifacts()?.open(&path).await;
    if let Err(error @ StoreError::IsFolder(_)) = opened {
        return Err(ProxyError::Detail(StatusCode::BAD_REQUEST, error.to_string()));
    }
    Ok(attachment::respond(opened?, &method, &headers).await?)
}

/// An upload that fails may leave the rest of its body unread, after which the connection is of no more use; the
/// caller is told, so as not to send its next request there.
pub(super) async fn put(
    State(tracking): State<Tracking>,
    ProxyPath(path): ProxyPath,
    body: Body,
) -> Result<StatusCode, ([(HeaderName, &'static str); 1], ProxyError)> {
    let stored = store(&tracking, path, body).await;
    stored.map(|()| StatusCode::OK).map_err(|error| ([(CONNECTION, "close")], error))
}

async fn store(tracking: &Tracking, path: ArtifactPath, body: Body) -> Result<(), ProxyError> {
    if path.as_str().is_empty() || path.as_str().ends_with('/') {
        let detail = "Artifact path must include a filename (cannot end with '/').";
        return Err(ProxyError::Detail(StatusCode::BAD_REQUEST, detail.to_owned()));
    }
    let new = NewArtifact::parse(path)?;
    let length = body.size_hint().exact();
    Ok(tracking.require_proxied_artifacts()?.upload(&new, length, chunks(body)).await?)
}

pub(super) async fn delete(
    State(tracking): State<Tracking>,
    ProxyPath(path): ProxyPath,
) -> Result<Pretty<Empty>> {
    tracking.require_proxied_artifacts()?.delete(&path).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn presigned(
    State(tracking): State<Tracking>,
    ProxyPath(path): ProxyPath,
) -> Result<Pretty<wire::GetPresignedDownloadUrlResponse>> {
    Ok(Pretty(tracking.presign_proxied(&path).await?.into()))
}

pub(super) async fn create_multipart(
    State(tracking): State<Tracking>,
    ProxyPath(folder): ProxyPath,
    Message(req): Message<wire::CreateMultipartUpload>,
) -> Result<Pretty<wire::CreateMultipartUploadResponse>> {
    let new = CreateUpload::from_wire(req, &folder)?;
    Ok(Pretty(tracking.require_proxied_artifacts()?.create_multipart(&new).await?.into()))
}

pub(super) async fn complete_multipart(
    State(tracking): State<Tracking>,
    ProxyPath(folder): ProxyPath,
    Message(req): Message<wire::CompleteMultipartUpload>,
) -> Result<Pretty<Empty>> {
    let upload = CompleteUpload::from_wire(req, &folder)?;
    tracking.require_proxied_artifacts()?.complete_multipart(&upload).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn abort_multipart(
    State(tracking): State<Tracking>,
    ProxyPath(folder): ProxyPath,
    Message(req): Message<wire::AbortMultipartUpload>,
) -> Result<Pretty<Empty>> {
    let upload = PendingUploadId::from_wire(req, &folder)?;
    tracking.require_proxied_artifacts()?.abort_multipart(&upload).await?;
    Ok(Pretty(Empty {}))
}

impl<S: Send + Sync> FromRequestParts<S> for ProxyPath {
    type Rejection = ProxyError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ProxyError> {
        // The router's own captures must be UTF-8, which file names need not be.
        let Ok(OriginalUri(uri)) = OriginalUri::from_request_parts(parts, state).await;
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let before = route.split_once("{*").map_or(route, |(before, _)| before);
        let path = uri.path().get(before.len()..).unwrap_or_default();
        // No route of MLflow's matches a line break.
        if percent_decode_str(path).any(|byte| byte == b'\n') {
            return Err(ProxyError::Detail(StatusCode::NOT_FOUND, "Not Found".to_owned()));
        }
        Ok(ProxyPath(ArtifactPath::parse(path)?))
    }
}

/// An error of this file's routes.
pub(super) enum ProxyError {
    /// What the framework itself says.
    Detail(StatusCode, String),
    Error(Error),
}

impl<E: Into<Error>> From<E> for ProxyError {
    fn from(error: E) -> Self {
        ProxyError::Error(error.into())
    }
}

impl IntoResponse for ProxyError {
    fn into_response(self) -> Response {
        let error = match self {
            ProxyError::Detail(status, detail) => {
                return (status, Compact(json!({ "detail": detail }))).into_response();
            }
            ProxyError::Error(error) => error,
        };
        let code = error.code();
        let status = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            return error.into_response();
        }
        let body = ErrorBody { error_code: code.as_str().to_owned(), message: error.to_string() };
        (status, Compact(body)).into_response()
    }
}
