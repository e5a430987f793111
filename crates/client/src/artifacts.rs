//! Artifacts of a run, moved through the tracking server's own proxy.
//!
//! A run's artifact root such as `mlflow-artifacts:/0/…` is a path behind that proxy. Roots elsewhere (`s3://…`)
//! can be listed, because the server does that, but not read or written: that needs the store's own client.

use forebay_wire::artifacts::{FileInfo, ListArtifacts, ListArtifactsResponse};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Body, Method};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::{Client, Error};

/// What stands in a path segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Client {
    /// Writes an artifact to `path` under a run's artifact root. Bytes are sent again when the server is busy,
    /// a file that is read on the way is sent once.
    pub async fn upload_artifact(
        &self,
        artifact_uri: &str,
        path: &str,
        content: impl Into<Body>,
    ) -> Result<(), Error> {
        let request = self.transfer(Method::PUT, &proxy_path(artifact_uri, path)?).body(content);
        self.send(request).await.map(drop)
    }

    /// The files and folders directly in the folder `path` of a run's artifacts; `""` is the root.
    pub async fn list_artifacts(&self, run_id: &str, path: &str) -> Result<Vec<FileInfo>, Error> {
        let mut question = ListArtifacts {
            run_id: Some(run_id.to_owned()),
            path: Some(path.to_owned()).filter(|path| !path.is_empty()),
            ..ListArtifacts::default()
        };
        let mut files = Vec::new();
        loop {
            let answer: ListArtifactsResponse = self.get("artifacts/list", &question).await?;
            files.extend(answer.files);
            question.page_token = answer.next_page_token.filter(|token| !token.is_empty());
            if question.page_token.is_none() {
                return Ok(files);
            }
        }
    }

    /// Copies an artifact into `target` and returns its size in bytes. After an error `target` may hold a part.
    pub async fn download_artifact(
        &self,
        artifact_uri: &str,
        path: &str,
        target: &mut (impl AsyncWrite + Unpin),
    ) -> Result<u64, Error> {
        let request = self.transfer(Method::GET, &proxy_path(artifact_uri, path)?);
        let mut response = self.send(request).await?;
        let mut size_bytes = 0;
        while let Some(chunk) = response.chunk().await? {
            target.write_all(&chunk).await?;
            size_bytes += chunk.len() as u64;
        }
        target.flush().await?;
        Ok(size_bytes)
    }
}

/// The proxy's path for an artifact.
fn proxy_path(artifact_uri: &str, path: &str) -> Result<String, Error> {
    let root = artifact_uri.strip_prefix("mlflow-artifacts:/").filter(|root| !root.starts_with('/'));
    let root = root.ok_or_else(|| Error::ArtifactRoot(artifact_uri.to_owned()))?;
    let is_bad = |segment: &str| matches!(segment, "" | "." | "..");
    if path.split('/').any(is_bad) {
        return Err(Error::ArtifactPath(path.to_owned()));
    }
    let segments = root.split('/').filter(|segment| !segment.is_empty()).chain(path.split('/'));
    let encoded: Vec<String> =
        segments.map(|segment| utf8_percent_encode(segment, SEGMENT).to_string()).collect();
    Ok(format!("/api/2.0/mlflow-artifacts/artifacts/{}", encoded.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_is_behind_the_proxy_at_its_encoded_path() {
        let path = proxy_path("mlflow-artifacts:/0/r1/artifacts", "a b/ü?.txt").unwrap();
        assert_eq!(path, "/api/2.0/mlflow-artifacts/artifacts/0/r1/artifacts/a%20b/%C3%BC%3F.txt");
    }

    #[test]
    fn foreign_roots_and_paths_that_leave_the_root_are_refused() {
        for root in ["s3://b/0", "/tmp/x", "mlflow-artifacts://other:1/0", ""] {
            assert!(matches!(proxy_path(root, "a"), Err(Error::ArtifactRoot(_))), "{root}");
        }
        for path in ["", "/a", "a/", "../a", "a/./b"] {
            assert!(matches!(proxy_path("mlflow-artifacts:/0", path), Err(Error::ArtifactPath(_))), "{path}");
        }
    }
}
