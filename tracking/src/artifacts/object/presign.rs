//! Addresses that carry their own permission: whoever has one reads or writes one object, without this server.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusty_s3::S3Action as _;
use rusty_s3::actions::{GetObject, PutObject};

use super::bucket::BucketStore;
use super::client::Client;
use super::s3_signing::S3Signing;
use crate::artifacts::StoreError;
use crate::artifacts::presigned::{PRESIGNED_UPLOAD, Presigned};
use crate::model::artifact_path::{ArtifactPath, NewArtifact};

/// The type of an object whose name does not tell it.
const ANY_TYPE: &str = "application/octet-stream";

/// What stands for itself in the name of a file to be saved.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');

impl BucketStore {
    /// An address to which an object is uploaded with the headers that go along.
    pub(crate) async fn presign_upload(
        &self,
        artifact: &NewArtifact,
        expires_in: Duration,
    ) -> Result<Presigned, StoreError> {
        let path = artifact.path();
        let signing = self.signing(PRESIGNED_UPLOAD)?;
        let (key, credentials) = (self.key(path)?, signing.credentials(path).await?);
        let content_type = mime_guess::from_path(path.as_str()).first_raw().unwrap_or(ANY_TYPE);
        let mut action = PutObject::new(&signing.bucket, Some(&credentials), key.as_ref());
        action.headers_mut().insert("content-type", content_type);
        let mut headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        for (name, value) in &signing.upload_headers {
            action.headers_mut().insert(*name, value.as_str());
            headers.push(((*name).to_owned(), value.clone()));
        }
        Ok(Presigned { url: action.sign(expires_in).into(), headers, size_bytes: None })
    }

    /// An address from which an object is downloaded, by browsers as a file to be saved.
    pub(crate) async fn presign_download(
        &self,
        path: &ArtifactPath,
        expires_in: Duration,
        feature: &'static str,
    ) -> Result<Presigned, StoreError> {
        let signing = self.signing(feature)?;
        let Some(name) = path.file_name() else { return Err(StoreError::IsFolder(path.as_str().to_owned())) };
        let size_bytes = Some(self.head(path).await?.size);
        let (key, credentials) = (self.key(path)?, signing.credentials(path).await?);
        let mut action = GetObject::new(&signing.bucket, Some(&credentials), key.as_ref());
        action.query_mut().insert("response-content-disposition", attachment(name));
        if let Some((name, owner)) = &signing.bucket_owner {
            action.query_mut().insert(*name, owner.as_str());
        }
        Ok(Presigned { url: action.sign(expires_in).into(), headers: Vec::new(), size_bytes })
    }

    /// Whether addresses for downloads are made.
    pub(crate) fn signs_downloads(&self) -> bool {
        matches!(self.bucket.client, Client::S3(..))
    }

    /// What signs, as MLflow on S3 alone; for other stores there is no such `feature`.
    fn signing(&self, feature: &'static str) -> Result<&S3Signing, StoreError> {
        match &self.bucket.client {
            Client::S3(_, signing) => Ok(signing),
            Client::Google(_) | Client::Azure(_) => Err(StoreError::Unsupported(feature)),
        }
    }
}

/// Tells a browser to save the file under its own name, as MLflow writes it.
fn attachment(name: &str) -> String {
    let is_plain = |character: char| character == ' ' || character.is_ascii_graphic();
    if name.chars().all(is_plain) {
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("attachment; filename=\"{name}\"");
    }
    format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(name, PLAIN))
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn files_are_saved_under_their_own_names() {
        for (name, expected) in [
            ("a b.txt", r#"attachment; filename="a b.txt""#),
            (r#"a"b\c"#, r#"attachment; filename="a\"b\\c""#),
            ("ü x.txt", "attachment; filename*=UTF-8''%C3%BC%20x.txt"),
        ] {
            assert_eq!(attachment(name), expected);
        }
    }
}
