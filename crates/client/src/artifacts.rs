//! Artifacts of runs and logged models, listed and written through the tracking server.
//!
//! A run's artifact root such as `mlflow-artifacts:/0/…` is a path behind the server's own proxy, where files are read
//! and written. Files of roots elsewhere (`s3://…`) are listed and read by the server, on the routes of its web UI;
//! writing them needs the store's own client.

use forebay_wire::artifacts::{
    FileInfo, ListArtifacts, ListArtifactsResponse, ListProxiedArtifacts, ListProxiedArtifactsResponse,
};
use forebay_wire::logged_models::{ListLoggedModelArtifacts, ListLoggedModelArtifactsResponse};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Body, Method};

use crate::{Client, Error};

/// What stands in a path segment as it is.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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

    /// The files and folders directly in the folder `path` of a logged model's artifacts; `""` is the root.
    pub async fn list_logged_model_artifacts(
        &self,
        model_id: &str,
        path: &str,
    ) -> Result<Vec<FileInfo>, Error> {
        let endpoint =
            format!("logged-models/{}/artifacts/directories", utf8_percent_encode(model_id, SEGMENT));
        let mut question = ListLoggedModelArtifacts {
            artifact_directory_path: Some(path.to_owned()).filter(|path| !path.is_empty()),
            ..ListLoggedModelArtifacts::default()
        };
        let mut files = Vec::new();
        loop {
            let answer: ListLoggedModelArtifactsResponse = self.get(&endpoint, &question).await?;
            files.extend(answer.files);
            question.page_token = answer.next_page_token.filter(|token| !token.is_empty());
            if question.page_token.is_none() {
                return Ok(files);
            }
        }
    }

    /// The files and folders directly in the folder `path` below an artifact root behind the proxy; `""` is the
    /// root. Their paths start at that folder.
    pub async fn list_proxied_artifacts(
        &self,
        artifact_uri: &str,
        path: &str,
    ) -> Result<Vec<FileInfo>, Error> {
        let folder = proxied_segments(artifact_uri, path)?.join("/");
        let question = ListProxiedArtifacts { path: Some(folder).filter(|folder| !folder.is_empty()) };
        let answer: ListProxiedArtifactsResponse =
            self.get("/api/2.0/mlflow-artifacts/artifacts", &question).await?;
        Ok(answer.files)
    }
}

/// The proxy's path for an artifact.
pub(crate) fn proxy_path(artifact_uri: &str, path: &str) -> Result<String, Error> {
    if path.is_empty() {
        return Err(Error::ArtifactPath(path.to_owned()));
    }
    let encoded: Vec<String> = proxied_segments(artifact_uri, path)?
        .into_iter()
        .map(|segment| utf8_percent_encode(segment, SEGMENT).to_string())
        .collect();
    Ok(format!("/api/2.0/mlflow-artifacts/artifacts/{}", encoded.join("/")))
}

/// The path of an artifact in the store behind the proxy; the root's own for an empty path.
fn proxied_segments<'a>(artifact_uri: &'a str, path: &'a str) -> Result<Vec<&'a str>, Error> {
    let root = artifact_uri.strip_prefix("mlflow-artifacts:/").filter(|root| !root.starts_with('/'));
    let root = root.ok_or_else(|| Error::ArtifactRoot(artifact_uri.to_owned()))?;
    let is_bad = |segment: &str| matches!(segment, "" | "." | "..");
    if !path.is_empty() && path.split('/').any(is_bad) {
        return Err(Error::ArtifactPath(path.to_owned()));
    }
    Ok(root.split('/').chain(path.split('/')).filter(|segment| !segment.is_empty()).collect())
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
