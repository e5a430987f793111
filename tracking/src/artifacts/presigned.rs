//! Addresses by which clients reach an object store themselves.

use std::time::Duration;

use forebay_core::invalid::Invalid;
use forebay_wire::artifacts as wire;
use forebay_wire::number::Int64;

use super::StoreError;
use super::place::{Place, is_proxied};
use super::store::{Arm, Store};
use crate::model::artifact::{ArtifactOwner, Direction, PresignDownload, PresignUpload};
use crate::model::artifact_path::{ArtifactPath, NewArtifact};
use crate::{Result, Tracking};
use forebay_core::uri::scheme;

/// What MLflow calls each of these.
pub(super) const PRESIGNED_UPLOAD: &str = "Presigned upload";
const PRESIGNED_DOWNLOAD: &str = "Presigned download";
const MULTIPART_DOWNLOAD: &str = "Multipart download";

/// An address that carries its own permission.
#[derive(Debug)]
pub(crate) struct Presigned {
    pub(crate) url: String,
    /// Headers that must go along.
    pub(crate) headers: Vec<(String, String)>,
    /// Of what is there to be downloaded.
    pub(crate) size_bytes: Option<u64>,
}

impl Tracking {
    /// Where a file of a run or a logged model can be uploaded to.
    pub(crate) async fn presign_upload(&self, req: PresignUpload) -> Result<Presigned> {
        let uri = match req.owner {
            ArtifactOwner::Run(run) => self.artifact_uri_of_run(&run).await?,
            ArtifactOwner::Model(model) => self.artifact_uri_of_model(&model).await?,
        };
        let place = self.direct_place(&uri, Direction::Upload).await?;
        Ok(place.presign_upload(&req.artifact, req.expires_in).await?)
    }

    /// Where a file of a run can be downloaded from.
    pub(crate) async fn presign_download(&self, req: PresignDownload) -> Result<Presigned> {
        let uri = self.artifact_uri_of_run(&req.run).await?;
        let place = self.direct_place(&uri, Direction::Download).await?;
        let expires_in = req.expires_in.unwrap_or(self.buckets.download_expires());
        Ok(place.presign_download(&req.path, expires_in).await?)
    }

    /// Where a file behind the proxy can be downloaded from.
    pub(crate) async fn presign_proxied(&self, path: &ArtifactPath) -> Result<Presigned, StoreError> {
        let store = self.require_proxied_artifacts()?;
        store.presign_download(path, self.buckets.download_expires(), MULTIPART_DOWNLOAD).await
    }

    /// Where `uri` leads, unless that is a server's proxy.
    async fn direct_place(&self, uri: &str, direction: Direction) -> Result<Place> {
        let scheme = scheme(uri).unwrap_or_default();
        if is_proxied(&scheme) {
            return Err(Invalid::message(direction.refusal_behind_proxy(&scheme)).into());
        }
        Ok(self.place_of(uri).await?)
    }
}

impl Store {
    /// Whether clients may download from the store itself.
    pub(crate) fn signs_downloads(&self) -> bool {
        matches!(&self.arm, Arm::Object(store) if store.signs_downloads())
    }

    pub(super) async fn presign_upload(
        &self,
        artifact: &NewArtifact,
        expires_in: Duration,
    ) -> Result<Presigned, StoreError> {
        match &self.arm {
            Arm::Local(_) => Err(StoreError::Unsupported(PRESIGNED_UPLOAD)),
            Arm::Object(store) => store.presign_upload(artifact, expires_in).await,
        }
    }

    pub(super) async fn presign_run_download(
        &self,
        path: &ArtifactPath,
        expires_in: Duration,
    ) -> Result<Presigned, StoreError> {
        self.presign_download(path, expires_in, PRESIGNED_DOWNLOAD).await
    }

    async fn presign_download(
        &self,
        path: &ArtifactPath,
        expires_in: Duration,
        feature: &'static str,
    ) -> Result<Presigned, StoreError> {
        match &self.arm {
            Arm::Local(_) => Err(StoreError::Unsupported(feature)),
            Arm::Object(store) => store.presign_download(path, expires_in, feature).await,
        }
    }
}

impl From<Presigned> for wire::CreatePresignedUploadUrlResponse {
    fn from(presigned: Presigned) -> Self {
        let headers = presigned.headers.into_iter().collect();
        wire::CreatePresignedUploadUrlResponse { presigned_url: Some(presigned.url), headers }
    }
}

impl From<Presigned> for wire::CreatePresignedDownloadUrlResponse {
    fn from(presigned: Presigned) -> Self {
        wire::CreatePresignedDownloadUrlResponse {
            presigned_url: Some(presigned.url),
            headers: presigned.headers.into_iter().collect(),
            file_size: presigned.size_bytes.map(|size| Int64(size.cast_signed())),
        }
    }
}

impl From<Presigned> for wire::GetPresignedDownloadUrlResponse {
    fn from(presigned: Presigned) -> Self {
        wire::GetPresignedDownloadUrlResponse {
            url: Some(presigned.url),
            headers: presigned.headers.into_iter().collect(),
            file_size: presigned.size_bytes.map(|size| Int64(size.cast_signed())),
        }
    }
}
