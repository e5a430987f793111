//! Messages about artifacts: listings of runs and of the proxy, presigned URLs, multipart uploads.
#![expect(missing_docs, reason = "the fields are MLflow's own; docs stand where a name does not say it all")]

use std::collections::BTreeMap;

use crate::number::Int64;
use crate::presence::message;

message! {
    /// A file or a folder in a listing.
    pub struct FileInfo {
        path: Option<String>,
        is_dir as "isDir": Option<bool>,
        /// In bytes; absent for folders.
        file_size as "fileSize": Option<Int64>,
    }

    /// `GET artifacts/list`.
    pub struct ListArtifacts {
        run_uuid as "runUuid": Option<String>,
        path: Option<String>,
        run_id as "runId": Option<String>,
        page_token as "pageToken": Option<String>,
    }

    /// Answers [`ListArtifacts`]; paths start at the run's artifact root.
    pub struct ListArtifactsResponse {
        root_uri as "rootUri": Option<String>,
        files: Vec<FileInfo>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// `GET mlflow-artifacts/artifacts`.
    pub struct ListProxiedArtifacts {
        path: Option<String>,
    }

    /// Answers [`ListProxiedArtifacts`]; paths start at the listed folder.
    pub struct ListProxiedArtifactsResponse {
        files: Vec<FileInfo>,
    }

    /// `POST artifacts/presigned-upload-url`.
    pub struct CreatePresignedUploadUrl {
        run_id as "runId": Option<String>,
        path: Option<String>,
        /// In seconds.
        expiration: Option<Int64>,
        model_id as "modelId": Option<String>,
    }

    /// Answers [`CreatePresignedUploadUrl`].
    pub struct CreatePresignedUploadUrlResponse {
        presigned_url as "presignedUrl": Option<String>,
        headers: BTreeMap<String, String>,
    }

    /// `POST artifacts/presigned-download-url`.
    pub struct CreatePresignedDownloadUrl {
        run_id as "runId": Option<String>,
        path: Option<String>,
        /// In seconds.
        expiration: Option<Int64>,
    }

    /// Answers [`CreatePresignedDownloadUrl`].
    pub struct CreatePresignedDownloadUrlResponse {
        presigned_url as "presignedUrl": Option<String>,
        headers: BTreeMap<String, String>,
        /// In bytes.
        file_size as "fileSize": Option<Int64>,
    }

    /// Answers `GET mlflow-artifacts/presigned/{path}`.
    pub struct GetPresignedDownloadUrlResponse {
        url: Option<String>,
        headers: BTreeMap<String, String>,
        /// In bytes.
        file_size as "fileSize": Option<Int64>,
    }

    /// `POST mlflow-artifacts/mpu/create/{path}`.
    pub struct CreateMultipartUpload {
        path: Option<String>,
        num_parts as "numParts": Option<Int64>,
    }

    /// Answers [`CreateMultipartUpload`].
    pub struct CreateMultipartUploadResponse {
        upload_id as "uploadId": Option<String>,
        credentials: Vec<MultipartUploadCredential>,
    }

    /// Where one part of an upload goes.
    pub struct MultipartUploadCredential {
        url: Option<String>,
        part_number as "partNumber": Option<Int64>,
        headers: BTreeMap<String, String>,
    }

    /// `POST mlflow-artifacts/mpu/complete/{path}`; the answer is empty.
    pub struct CompleteMultipartUpload {
        path: Option<String>,
        upload_id as "uploadId": Option<String>,
        parts: Vec<MultipartUploadPart>,
    }

    /// A part that was uploaded.
    pub struct MultipartUploadPart {
        part_number as "partNumber": Option<Int64>,
        etag: Option<String>,
        url: Option<String>,
    }

    /// `POST mlflow-artifacts/mpu/abort/{path}`; the answer is empty.
    pub struct AbortMultipartUpload {
        path: Option<String>,
        upload_id as "uploadId": Option<String>,
    }
}
