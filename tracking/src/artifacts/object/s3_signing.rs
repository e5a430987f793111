//! What it takes to sign addresses of objects on S3 beside the client: the same bucket, the same credentials.

use object_store::aws::{AmazonS3, AwsCredentialProvider};
use rusty_s3::{Bucket, Credentials, UrlStyle};

use super::bucket::{REQUEST, within};
use super::s3_settings::{BUCKET_OWNER_HEADER, S3Settings, Style};
use crate::artifacts::StoreError;
use crate::artifacts::error::BoxError;
use crate::model::artifact_path::ArtifactPath;

pub(super) struct S3Signing {
    pub(super) bucket: Bucket,
    /// Headers that an upload must have, with their values.
    pub(super) upload_headers: Vec<(&'static str, String)>,
    /// Whose the bucket must be: a header's name and its value.
    pub(super) bucket_owner: Option<(&'static str, String)>,
    credentials: AwsCredentialProvider,
}

impl S3Signing {
    pub(super) fn new(bucket: &str, settings: &S3Settings, client: &AmazonS3) -> Result<Self, BoxError> {
        let style = match settings.style(bucket) {
            Style::Path => UrlStyle::Path,
            Style::Virtual => UrlStyle::VirtualHost,
        };
        let bucket_owner = settings.bucket_owner.clone().map(|owner| (BUCKET_OWNER_HEADER, owner));
        let encryption = settings.encryption.iter().map(|arg| (arg.header, arg.value.clone()));
        Ok(S3Signing {
            bucket: Bucket::new(settings.base().parse()?, style, bucket.to_owned(), settings.region.clone())?,
            upload_headers: encryption.chain(bucket_owner.clone()).collect(),
            bucket_owner,
            credentials: client.credentials().clone(),
        })
    }

    /// The credentials of now; those of roles change every few hours.
    pub(super) async fn credentials(&self, path: &ArtifactPath) -> Result<Credentials, StoreError> {
        let now = within(REQUEST, path, self.credentials.get_credential()).await?;
        Ok(match &now.token {
            Some(token) => Credentials::new_with_token(&now.key_id, &now.secret_key, token),
            None => Credentials::new(&now.key_id, &now.secret_key),
        })
    }
}
