//! Artifacts as they come in: from their beginning, or from where an earlier download broke off.

use bytes::Bytes;
use forebay_wire::artifacts::FileInfo;
use percent_encoding::utf8_percent_encode;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::artifacts::{SEGMENT, proxy_path};
use crate::client::with_query;
use crate::{Client, Error};

/// A folder of artifacts, by the way on which the tracking server is asked for what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactFolder {
    /// Behind the server's proxy, at a URI such as `mlflow-artifacts:/0/…`.
    Proxied(String),
    /// A run's, in whatever store the server can read.
    Run(String),
    /// A logged model's, likewise.
    LoggedModel(String),
}

/// What is there already of an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Resume<'a> {
    /// The bytes from its beginning.
    pub size_bytes: u64,
    /// The state that they are of.
    pub etag: &'a str,
}

/// An artifact that is coming in.
#[derive(Debug)]
pub struct Download {
    /// The position in the artifact at which this begins: where it was asked to, or 0.
    pub start: u64,
    /// What tells this state of the artifact from others, if the server says so for certain.
    pub etag: Option<String>,
    response: Response,
}

impl Client {
    /// The files and folders directly in a folder below `root`; `""` is the root. Paths start at the root for runs and
    /// logged models, and at the listed folder behind the proxy.
    pub async fn list_folder(&self, root: &ArtifactFolder, path: &str) -> Result<Vec<FileInfo>, Error> {
        match root {
            ArtifactFolder::Proxied(uri) => self.list_proxied_artifacts(uri, path).await,
            ArtifactFolder::Run(run_id) => self.list_artifacts(run_id, path).await,
            ArtifactFolder::LoggedModel(model_id) => self.list_logged_model_artifacts(model_id, path).await,
        }
    }

    /// Begins to download an artifact. Where the server can send the rest of what is there already, and it is still of
    /// the same state, only that comes.
    pub async fn open_artifact(
        &self,
        root: &ArtifactFolder,
        path: &str,
        resume: Option<Resume<'_>>,
    ) -> Result<Download, Error> {
        let request = self.request_for(root, path)?;
        let Some(Resume { size_bytes, etag }) = resume else {
            return Download::of(self.send(request).await?, 0);
        };
        let rest = self
            .request_for(root, path)?
            .header(RANGE, format!("bytes={size_bytes}-"))
            .header(IF_RANGE, etag);
        match self.send(rest).await {
            Err(Error::Api { status, .. }) if status == StatusCode::RANGE_NOT_SATISFIABLE.as_u16() => {
                Download::of(self.send(request).await?, 0)
            }
            answer => Download::of(answer?, size_bytes),
        }
    }

    /// Copies an artifact behind the proxy into `target` and returns its size in bytes. After an error `target` may
    /// hold a part.
    pub async fn download_artifact(
        &self,
        artifact_uri: &str,
        path: &str,
        target: &mut (impl AsyncWrite + Unpin),
    ) -> Result<u64, Error> {
        let root = ArtifactFolder::Proxied(artifact_uri.to_owned());
        let mut download = self.open_artifact(&root, path, None).await?;
        let mut size_bytes = 0;
        while let Some(chunk) = download.chunk().await? {
            target.write_all(&chunk).await?;
            size_bytes += chunk.len() as u64;
        }
        target.flush().await?;
        Ok(size_bytes)
    }

    fn request_for(&self, root: &ArtifactFolder, path: &str) -> Result<RequestBuilder, Error> {
        let address = match root {
            ArtifactFolder::Proxied(uri) => proxy_path(uri, path)?,
            ArtifactFolder::Run(run_id) => {
                with_query("/get-artifact", &[("run_id", run_id.as_str()), ("path", path)])?
            }
            ArtifactFolder::LoggedModel(model_id) => {
                let model_id = utf8_percent_encode(model_id, SEGMENT);
                let route = format!("/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files");
                with_query(&route, &[("artifact_file_path", path)])?
            }
        };
        Ok(self.transfer(Method::GET, &address))
    }
}

impl Download {
    /// The next bytes, or `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.response.chunk().await?)
    }

    /// What is sent by an answer to a request for all from `asked` on.
    fn of(response: Response, asked: u64) -> Result<Self, Error> {
        let is_part = response.status() == StatusCode::PARTIAL_CONTENT;
        let headers = response.headers();
        if is_part && first_byte(headers) != Some(asked) {
            return Err(Error::Decode {
                endpoint: response.url().path().to_owned(),
                reason: format!("it is another part of the file than the one from byte {asked} on"),
            });
        }
        let etag = headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.filter(|etag| etag.starts_with('"')).map(str::to_owned);
        Ok(Download { start: if is_part { asked } else { 0 }, etag, response })
    }
}

/// Where the part begins that an answer holds.
fn first_byte(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Result<Download, Error> {
        let mut answer = http::Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        Download::of(Response::from(answer.body("x").unwrap()), 7)
    }

    #[test]
    fn the_rest_of_a_file_begins_where_it_was_asked_to_or_at_its_beginning() {
        assert_eq!(answer(206, &[("content-range", "bytes 7-9/10")]).unwrap().start, 7);
        assert_eq!(answer(200, &[]).unwrap().start, 0);
        for range in ["bytes 6-9/10", "bytes */10", "x"] {
            assert!(answer(206, &[("content-range", range)]).is_err(), "{range}");
        }
        assert!(answer(206, &[]).is_err());
    }

    #[test]
    fn a_weak_tag_says_nothing_about_bytes() {
        let strong = HeaderValue::from_static("\"a\"");
        assert_eq!(
            answer(200, &[("etag", strong.to_str().unwrap())]).unwrap().etag.as_deref(),
            Some("\"a\"")
        );
        assert_eq!(answer(200, &[("etag", "W/\"a\"")]).unwrap().etag, None);
    }
}
