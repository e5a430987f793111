//! Multipart uploads through the proxy: begun and ended here, while the parts go straight to the object store.

use std::collections::BTreeMap;

use forebay_wire::artifacts as wire;
use forebay_wire::number::Int64;

use super::StoreError;
use super::store::{Arm, Store};
use crate::model::multipart::{CompleteUpload, CreateUpload, PendingUploadId};

/// What MLflow calls this.
pub(super) const MULTIPART_UPLOAD: &str = "Multipart upload";

/// An upload that began.
#[derive(Debug)]
pub(crate) struct MultipartUpload {
    /// None on stores that need no name for it.
    pub(crate) upload_id: Option<String>,
    /// Where each part goes, in their order.
    pub(crate) part_urls: Vec<String>,
}

impl Store {
    /// Whether clients may upload parts themselves.
    pub(crate) fn takes_multipart(&self) -> bool {
        matches!(&self.arm, Arm::Object(store) if store.takes_multipart())
    }

    /// Begins an upload.
    pub(crate) async fn create_multipart(&self, new: &CreateUpload) -> Result<MultipartUpload, StoreError> {
        match &self.arm {
            Arm::Local(_) => Err(StoreError::Unsupported(MULTIPART_UPLOAD)),
            Arm::Object(store) => store.create_multipart(new).await,
        }
    }

    /// Makes one file of the parts.
    pub(crate) async fn complete_multipart(&self, upload: &CompleteUpload) -> Result<(), StoreError> {
        match &self.arm {
            Arm::Local(_) => Err(StoreError::Unsupported(MULTIPART_UPLOAD)),
            Arm::Object(store) => store.complete_multipart(upload).await,
        }
    }

    /// Gives up an upload.
    pub(crate) async fn abort_multipart(&self, upload: &PendingUploadId) -> Result<(), StoreError> {
        match &self.arm {
            Arm::Local(_) => Err(StoreError::Unsupported(MULTIPART_UPLOAD)),
            Arm::Object(store) => store.abort_multipart(upload).await,
        }
    }
}

impl From<MultipartUpload> for wire::CreateMultipartUploadResponse {
    fn from(upload: MultipartUpload) -> Self {
        let credential = |(url, number)| wire::MultipartUploadCredential {
            url: Some(url),
            part_number: Some(Int64(number)),
            headers: BTreeMap::new(),
        };
        let credentials = upload.part_urls.into_iter().zip(1..).map(credential).collect();
        wire::CreateMultipartUploadResponse { upload_id: upload.upload_id, credentials }
    }
}
