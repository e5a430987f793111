//! Multipart uploads that the client does itself: this server begins and ends them, and the parts go to the store
//! over signed addresses.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use object_store::azure::MicrosoftAzure;
use object_store::multipart::{MultipartStore, PartId};
use object_store::signer::Signer as _;
use rusty_s3::S3Action as _;
use rusty_s3::actions::UploadPart;

use super::bucket::{BucketStore, REQUEST, within};
use super::client::Client;
use super::pending::TRANSFER;
use super::s3_signing::S3Signing;
use crate::artifacts::StoreError;
use crate::artifacts::multipart::{MULTIPART_UPLOAD, MultipartUpload};
use crate::model::artifact_path::ArtifactPath;
use crate::model::multipart::{CompleteUpload, CreateUpload, PendingUploadId};

/// How long the address of a part is good.
const PART_EXPIRES: Duration = Duration::from_hours(1);

impl BucketStore {
    /// Whether clients may upload parts themselves; those of Google's need a signature that its client does not make.
    pub(crate) fn takes_multipart(&self) -> bool {
        !matches!(self.bucket.client, Client::Google(_))
    }

    /// Begins an upload.
    pub(crate) async fn create_multipart(&self, new: &CreateUpload) -> Result<MultipartUpload, StoreError> {
        let path = new.artifact.path();
        let key = self.key(path)?;
        match &self.bucket.client {
            Client::S3(client, signing) => {
                let begun = client.create_multipart(&key);
                let upload_id = within(REQUEST, path, begun).await?;
                let part_urls = self.s3_parts(signing, new, &upload_id).await?;
                Ok(MultipartUpload { upload_id: Some(upload_id), part_urls })
            }
            Client::Azure(client) => {
                let part_urls = self.azure_parts(client, new).await?;
                Ok(MultipartUpload { upload_id: None, part_urls })
            }
            Client::Google(_) => Err(StoreError::Unsupported(MULTIPART_UPLOAD)),
        }
    }

    /// Makes one object of the parts.
    pub(crate) async fn complete_multipart(&self, upload: &CompleteUpload) -> Result<(), StoreError> {
        let path = upload.artifact.path();
        let key = self.key(path)?;
        let parts = match &self.bucket.client {
            Client::Azure(_) => (1..=upload.etags.len()).map(block_name).collect(),
            Client::S3(..) | Client::Google(_) => upload.etags.clone(),
        };
        let parts = parts.into_iter().map(|content_id| PartId { content_id }).collect();
        let completed = self.multipart()?.complete_multipart(&key, &upload.upload_id, parts);
        within(TRANSFER, path, completed).await?;
        Ok(())
    }

    /// Gives up an upload. Azure forgets its parts by itself, after a week.
    pub(crate) async fn abort_multipart(&self, upload: &PendingUploadId) -> Result<(), StoreError> {
        let path = upload.artifact.path();
        let key = self.key(path)?;
        within(REQUEST, path, self.multipart()?.abort_multipart(&key, &upload.upload_id)).await
    }

    fn multipart(&self) -> Result<&dyn MultipartStore, StoreError> {
        match &self.bucket.client {
            Client::S3(client, _) => Ok(&**client),
            Client::Azure(client) => Ok(&**client),
            Client::Google(_) => Err(StoreError::Unsupported(MULTIPART_UPLOAD)),
        }
    }

    async fn s3_parts(
        &self,
        signing: &S3Signing,
        new: &CreateUpload,
        upload_id: &str,
    ) -> Result<Vec<String>, StoreError> {
        let path = new.artifact.path();
        let (key, credentials) = (self.key(path)?, signing.credentials(path).await?);
        let url = |number| {
            let mut part =
                UploadPart::new(&signing.bucket, Some(&credentials), key.as_ref(), number, upload_id);
            if let Some((name, owner)) = &signing.bucket_owner {
                part.query_mut().insert(*name, owner.as_str());
            }
            part.sign(PART_EXPIRES).into()
        };
        Ok((1..=new.n_parts).map(url).collect())
    }

    /// On Azure one signature is good for all blocks; a server whose own credentials are a signature, or do not permit
    /// one, makes none. None is good for a key that is percent-encoded in an address: the client signs it so, and
    /// Azure compares with the key as it is. Callers then send the file through this server.
    async fn azure_parts(
        &self,
        client: &MicrosoftAzure,
        new: &CreateUpload,
    ) -> Result<Vec<String>, StoreError> {
        let path: &ArtifactPath = new.artifact.path();
        let key = self.key(path)?;
        let signed = within(REQUEST, path, client.signed_url(Method::PUT, &key, PART_EXPIRES)).await;
        let signed = signed.map_err(|error| match error {
            StoreError::Unavailable { .. } | StoreError::Refused { .. } => {
                StoreError::Unsupported(MULTIPART_UPLOAD)
            }
            error => error,
        })?;
        if signed.path().contains('%') {
            return Err(StoreError::Unsupported(MULTIPART_UPLOAD));
        }
        let url = |number: u16| {
            let mut url = signed.clone();
            let block = BASE64_STANDARD.encode(block_name(number.into()));
            url.query_pairs_mut().append_pair("comp", "block").append_pair("blockid", &block);
            url.into()
        };
        Ok((1..=new.n_parts).map(url).collect())
    }
}

/// The name of a block; all names of one blob are equally long.
fn block_name(number: usize) -> String {
    format!("mlflow_block_{number:05}")
}
