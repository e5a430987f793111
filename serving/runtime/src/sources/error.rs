//! What can go wrong between a URI and a folder on disk.

use std::io;

use super::inner_path::InnerPathError;
use super::uri::UriError;
use crate::model::folder::FolderError;

/// Why a model cannot be had. Every text says which.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The text names no model.
    #[error(transparent)]
    Uri(#[from] UriError),
    /// Only a registry knows what is meant, and there is none.
    #[error("{uri} is known to a registry alone: name one with --tracking-uri, or by MLFLOW_TRACKING_URI")]
    NoRegistry {
        /// What was asked for.
        uri: String,
    },
    /// The registry has no such model.
    #[error("{uri}: {reason}")]
    NotFound {
        /// What was asked for.
        uri: String,
        /// Without a full stop.
        reason: String,
    },
    /// The registry refused or was not reached.
    #[error("{uri}: {source}")]
    Registry {
        /// What was asked for.
        uri: String,
        /// What the tracking server says.
        source: forebay_client::Error,
    },
    /// The registry is not open, so that it cannot be asked.
    #[error("{uri}: {reason}")]
    NotOpen {
        /// What was asked for.
        uri: String,
        /// Whether it is away, and not one that cannot be used.
        is_away: bool,
        /// Without a full stop.
        reason: String,
    },
    /// An object store refused or was not reached.
    #[error("{uri}: {source}")]
    Bucket {
        /// Of the folder.
        uri: String,
        /// What the store says.
        source: object_store::Error,
    },
    /// An object store that nobody here can open.
    #[error("{uri} cannot be opened: {reason}")]
    NoBucket {
        /// Of the folder.
        uri: String,
        /// Without a full stop.
        reason: String,
    },
    /// A file's path is refused.
    #[error("{uri}: {source}")]
    Path {
        /// Of the folder.
        uri: String,
        /// Names the path.
        source: InnerPathError,
    },
    /// A listing is none of a model.
    #[error("{uri}: {reason}")]
    Listing {
        /// Of the folder.
        uri: String,
        /// Without a full stop.
        reason: String,
    },
    /// A file is not as long as it should be.
    #[error(
        "{path} at {uri} has {actual_bytes} bytes where {expected_bytes} were expected: it changed meanwhile"
    )]
    Size {
        /// Of the folder.
        uri: String,
        /// Of the file.
        path: String,
        /// As listed, or the most that is taken.
        expected_bytes: u64,
        /// As read, as far as it was.
        actual_bytes: u64,
    },
    /// Nothing came any more, or the end did too early.
    #[error("the download of {path} at {uri} broke off after {size_bytes} bytes")]
    Broken {
        /// Of the folder.
        uri: String,
        /// Of the file.
        path: String,
        /// What is there of it.
        size_bytes: u64,
    },
    /// The disk does not give or take what it should.
    #[error("{path}: {source}")]
    Disk {
        /// Of the file or folder.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// What was fetched is no model.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl SourceError {
    /// Whether the same may succeed a little later.
    pub fn is_passing(&self) -> bool {
        match self {
            SourceError::Broken { .. } => true,
            SourceError::NotOpen { is_away, .. } => *is_away,
            SourceError::Registry { source, .. } => match source {
                forebay_client::Error::Transport(_) => true,
                forebay_client::Error::Api { status, .. } => *status >= 500 || *status == 429,
                _ => false,
            },
            SourceError::Bucket { source, .. } => matches!(source, object_store::Error::Generic { .. }),
            _ => false,
        }
    }
}

/// Gives an error of the disk the path that it is about.
pub(crate) fn disk(path: &std::path::Path) -> impl FnOnce(io::Error) -> SourceError + use<> {
    let path = path.display().to_string();
    move |source| SourceError::Disk { path, source }
}
