//! Files below a location that the registry has stored, as those see them who judge a version.

use bytes::{Bytes, BytesMut};
use forebay_core::invalid::Invalid;
use forebay_core::uri::Uri;
use futures_util::TryStreamExt;

use super::StoreError;
use super::place::Place;
use super::store::OpenArtifact;
use crate::model::artifact_path::ArtifactPath;
use crate::model::run::RunId;
use crate::sql::logged_models;
use crate::{Result, Tracking};

/// A file that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadableFile {
    /// Below the location.
    pub path: String,
    /// What tells this state of it from another.
    pub etag: String,
    /// How long it is.
    pub size_bytes: u64,
}

impl Tracking {
    /// A whole file of at most `max_bytes`, and its etag.
    pub async fn read_below(&self, location: &str, path: &str, max_bytes: u64) -> Result<(Bytes, String)> {
        let path = ArtifactPath::parse(path)?;
        let artifact = self.open_below(location, &path).await?;
        let (size_bytes, etag) = (artifact.size_bytes, artifact.state());
        if size_bytes > max_bytes {
            let why = format!("'{}' has {size_bytes} bytes; {max_bytes} are read at most", path.as_str());
            return Err(Invalid::message(why).into());
        }
        Ok((content(artifact, size_bytes).await?, etag))
    }

    /// The file at a path, or all files in the folder there and below; a byte of each was read.
    pub async fn list_readable_below(
        &self,
        location: &str,
        path: &str,
        max_files: usize,
    ) -> Result<Vec<ReadableFile>> {
        let place = self.place_below(location).await?;
        let mut found = Vec::new();
        let mut waiting = vec![ArtifactPath::parse(path)?];
        while let Some(path) = waiting.pop() {
            let entries = place.list(&path).await?;
            if entries.is_empty() {
                found.push(try_out(&place, &path).await?);
            }
            for entry in entries {
                waiting.push(ArtifactPath::parse(&path.name_of(&entry.name))?);
            }
            if found.len() + waiting.len() > max_files {
                return Err(Invalid::message(format!("there are more than {max_files} files")).into());
            }
        }
        Ok(found)
    }
}

impl Tracking {
    /// Opens a file below a location, which may be the URI of a run.
    pub(crate) async fn open_below(&self, location: &str, path: &ArtifactPath) -> Result<OpenArtifact> {
        Ok(self.place_below(location).await?.open(path).await?)
    }

    async fn place_below(&self, location: &str) -> Result<Place> {
        match Uri::split(location) {
            Some(uri) if uri.scheme == "runs" => self.place_in_run(uri.path).await,
            _ => Ok(self.place_of(location).await?),
        }
    }

    /// Where `runs:/<run>/<path>` leads: to the run's own files or, where there are none at the path, to the logged model
    /// of the run that has this name.
    async fn place_in_run(&self, path: &str) -> Result<Place> {
        let (run_id, path) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
        let run = RunId::new(run_id.trim_start_matches('/').to_owned());
        let path = ArtifactPath::parse(path.trim_end_matches('/'))?;
        let root = self.artifact_uri_of_run(&run).await?;
        let place = self.place_of(&root).await?;
        if place.list(&path).await?.is_empty() {
            let mut tx = self.db.read().await?;
            if let Some(location) = logged_models::find_location_by_name(&mut tx, &run, path.as_str()).await?
            {
                return Ok(self.place_of(&location).await?);
            }
        }
        Ok(place.below(&path))
    }
}

/// Reads the first byte of a file.
async fn try_out(place: &Place, path: &ArtifactPath) -> Result<ReadableFile, StoreError> {
    let artifact = place.open(path).await?;
    let (size_bytes, etag) = (artifact.size_bytes, artifact.state());
    content(artifact, size_bytes.min(1)).await?;
    Ok(ReadableFile { path: path.as_str().to_owned(), etag, size_bytes })
}

/// The first bytes of a file.
async fn content(artifact: OpenArtifact, n_bytes: u64) -> Result<Bytes, StoreError> {
    let name = artifact.name.clone();
    if n_bytes == 0 {
        return Ok(Bytes::new());
    }
    let mut chunks = artifact.read(0..n_bytes).await?;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = chunks.try_next().await.map_err(|error| StoreError::from_io(&name, error))? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}
