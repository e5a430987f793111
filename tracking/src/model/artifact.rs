//! Requests about artifacts, and listings of them.

use std::time::Duration;

use forebay_core::invalid::Invalid;
use forebay_wire::artifacts as wire;
use forebay_wire::logged_models::ListLoggedModelArtifactsResponse;
use forebay_wire::number::Int64;

use super::artifact_path::{ArtifactPath, NewArtifact};
use super::logged_model::LoggedModelId;
use super::run::RunId;

/// How long a presigned URL may live, in seconds: clouds allow a week.
const EXPIRATION_SECONDS: std::ops::RangeInclusive<i64> = 1..=604_800;

/// One file or folder of a listing; the derived order is that of the names' bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// None for a folder.
    pub(crate) size_bytes: Option<u64>,
}

/// What is in a folder of a run or a logged model.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    /// The artifact location of the run or model.
    pub(crate) root_uri: String,
    /// The folder below it.
    pub(crate) folder: ArtifactPath,
    pub(crate) entries: Vec<Entry>,
}

impl Listing {
    fn files(self) -> Vec<wire::FileInfo> {
        let Listing { folder, entries, .. } = self;
        entries.into_iter().map(|entry| entry.into_wire(&folder)).collect()
    }
}

impl Entry {
    /// The entry as a listing of `folder` shows it.
    pub(crate) fn into_wire(self, folder: &ArtifactPath) -> wire::FileInfo {
        wire::FileInfo {
            path: Some(folder.name_of(&self.name)),
            is_dir: Some(self.size_bytes.is_none()),
            // An empty file has no size on the wire, as in MLflow.
            file_size: self.size_bytes.filter(|size| *size > 0).map(|size| Int64(size.cast_signed())),
        }
    }
}

impl From<Listing> for wire::ListArtifactsResponse {
    fn from(listing: Listing) -> Self {
        let root_uri = Some(listing.root_uri.clone());
        wire::ListArtifactsResponse { root_uri, files: listing.files(), next_page_token: None }
    }
}

impl From<Listing> for ListLoggedModelArtifactsResponse {
    fn from(listing: Listing) -> Self {
        let root_uri = Some(listing.root_uri.clone());
        ListLoggedModelArtifactsResponse { root_uri, files: listing.files(), ..Self::default() }
    }
}

/// Reads the path of a folder to be listed; absent is the root.
pub(crate) fn folder(path: Option<String>) -> Result<ArtifactPath, Invalid> {
    path.map_or_else(|| Ok(ArtifactPath::default()), |path| ArtifactPath::parse(&path))
}

/// Reads the path of a file; the field called `name` is required.
pub(crate) fn file(path: Option<String>, name: &str) -> Result<ArtifactPath, Invalid> {
    ArtifactPath::parse(&path.ok_or_else(|| Invalid::missing(name))?)
}

/// How long a presigned URL for an upload is good when its caller does not say, as in MLflow.
const UPLOAD_EXPIRES: Duration = Duration::from_mins(15);

/// Whose artifacts a presigned URL is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ArtifactOwner {
    Run(RunId),
    Model(LoggedModelId),
}

/// A presigned URL for an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PresignUpload {
    pub(crate) owner: ArtifactOwner,
    pub(crate) artifact: NewArtifact,
    pub(crate) expires_in: Duration,
}

/// A presigned URL for a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PresignDownload {
    pub(crate) run: RunId,
    pub(crate) path: ArtifactPath,
    /// None leaves it to the operator.
    pub(crate) expires_in: Option<Duration>,
}

impl TryFrom<wire::CreatePresignedUploadUrl> for PresignUpload {
    type Error = Invalid;

    fn try_from(req: wire::CreatePresignedUploadUrl) -> Result<Self, Invalid> {
        let path = req.path.filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| Invalid::missing("path"))?;
        let given = |id: Option<String>| id.filter(|id| !id.is_empty());
        let owner = match (given(req.run_id), given(req.model_id)) {
            (Some(run), None) => ArtifactOwner::Run(RunId::new(run)),
            (None, Some(model)) => ArtifactOwner::Model(LoggedModelId::new(model)),
            _ => return Err(Invalid::message("Exactly one of run_id and model_id must be provided.")),
        };
        let artifact = NewArtifact::parse(ArtifactPath::parse(&path)?)?;
        let expires_in = req.expiration.map_or(Ok(UPLOAD_EXPIRES), |Int64(seconds)| expiration(seconds))?;
        Ok(PresignUpload { owner, artifact, expires_in })
    }
}

impl TryFrom<wire::CreatePresignedDownloadUrl> for PresignDownload {
    type Error = Invalid;

    fn try_from(req: wire::CreatePresignedDownloadUrl) -> Result<Self, Invalid> {
        let run = RunId::parse(req.run_id, None)?;
        let path = req.path.filter(|path| !path.is_empty());
        let path = ArtifactPath::parse(&path.ok_or_else(|| Invalid::missing("path"))?)?;
        let expires_in = req.expiration.map(|Int64(seconds)| expiration(seconds)).transpose()?;
        Ok(PresignDownload { run, path, expires_in })
    }
}

/// Reads how long a presigned URL is to be good, in seconds.
pub(crate) fn expiration(seconds: i64) -> Result<Duration, Invalid> {
    let bounded = Some(seconds).filter(|seconds| EXPIRATION_SECONDS.contains(seconds));
    bounded.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs).ok_or_else(|| {
        Invalid::message(format!(
            "expiration must be between {} and {} seconds (got {seconds}).",
            EXPIRATION_SECONDS.start(),
            EXPIRATION_SECONDS.end()
        ))
    })
}

/// Which way bytes would go over a presigned URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Upload,
    Download,
}

impl Direction {
    /// Why there is none for artifacts whose location has the scheme of a proxy.
    pub(crate) fn refusal_behind_proxy(self, scheme: &str) -> String {
        match self {
            Direction::Upload => format!(
                "Presigned upload is not supported for proxied artifact storage (artifact URI scheme: {scheme}). \
                 This endpoint requires a direct cloud storage artifact URI."
            ),
            Direction::Download => format!(
                "Presigned download is not supported for runs with proxied artifact storage \
                 (artifact URI scheme: {scheme}). \
                 This endpoint requires a run with a direct cloud storage artifact URI."
            ),
        }
    }
}
