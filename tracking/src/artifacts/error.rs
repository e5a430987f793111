//! What an artifact store can answer instead of success.

use std::io;

use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;

/// A failure of any kind.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why an artifact was not read, written or deleted.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is nothing at the path.
    #[error("No such artifact: '{0}'")]
    NotFound(String),
    /// The path names a folder and the request needs a file.
    #[error("Artifact path refers to a directory, not a file: '{0}'")]
    IsFolder(String),
    /// A folder cannot be made because the path goes through a file.
    #[error("Invalid artifact path: '{0}'. It leads through a file.")]
    ThroughFile(String),
    /// A symbolic link leads out of the store, or nowhere.
    #[error("Invalid path: resolved path is outside the artifact directory")]
    Outside,
    /// The path, or the location it starts from, is not acceptable.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The location has a scheme that no store here understands.
    #[error("Artifact locations with the scheme '{0}' are not supported by this server.")]
    UnknownScheme(String),
    /// The location is this server's own proxy, which the operator switched off.
    #[error(
        "The artifacts are kept behind a server's proxy, and artifact serving is disabled on this one. \
         Run it with `--serve-artifacts` to enable."
    )]
    NotServed,
    /// The store has no such operation; MLflow's sentence.
    #[error("{0} is not supported for the current artifact repository")]
    Unsupported(&'static str),
    /// The disk, or the caller's quota on it, is used up.
    #[error("The artifact store is full: '{path}' was not stored")]
    Full {
        /// The artifact's path.
        path: String,
        /// The failure.
        #[source]
        source: io::Error,
    },
    /// The caller's upload ended early.
    #[error("The upload of '{path}' broke off: {reason}")]
    BrokenUpload {
        /// The artifact's path.
        path: String,
        /// How it broke off.
        reason: String,
    },
    /// The system, or an object store, lets this server not use a location that the caller chose.
    #[error("The artifact location '{location}' cannot be used: {reason}")]
    Forbidden {
        /// The location, as it was given.
        location: String,
        /// What the system says.
        reason: String,
    },
    /// The object store does not let this server in, or there is no such bucket.
    #[error("The artifact store refuses this server: {reason}")]
    Refused {
        /// A word for the caller.
        reason: String,
        /// What the store said.
        #[source]
        source: BoxError,
    },
    /// The object store cannot be reached, is late or fails.
    #[error("The artifact store is not available: {reason}")]
    Unavailable {
        /// A few words for the caller.
        reason: String,
        /// The failure.
        #[source]
        source: BoxError,
    },
    /// The file system failed.
    #[error("the artifact store failed on '{path}'")]
    Io {
        /// The artifact's path.
        path: String,
        /// The failure.
        #[source]
        source: io::Error,
    },
}

impl StoreError {
    /// The code that the client sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            StoreError::NotFound(_) => ErrorCode::ResourceDoesNotExist,
            StoreError::IsFolder(_)
            | StoreError::ThroughFile(_)
            | StoreError::Outside
            | StoreError::Invalid(_)
            | StoreError::BrokenUpload { .. } => ErrorCode::InvalidParameterValue,
            StoreError::UnknownScheme(_) | StoreError::NotServed | StoreError::Unsupported(_) => {
                ErrorCode::NotImplemented
            }
            StoreError::Forbidden { .. } => ErrorCode::PermissionDenied,
            // What keeps the operator's own store from working may be mended while the client tries again.
            StoreError::Refused { .. } | StoreError::Unavailable { .. } => ErrorCode::TemporarilyUnavailable,
            StoreError::Full { .. } | StoreError::Io { .. } => ErrorCode::InternalError,
        }
    }

    /// What a failure of the file system at `path` means.
    pub(crate) fn from_io(path: &str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => StoreError::NotFound(path),
            io::ErrorKind::IsADirectory => StoreError::IsFolder(path),
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => StoreError::ThroughFile(path),
            io::ErrorKind::InvalidFilename => {
                StoreError::Invalid(Invalid::message(format!("Invalid path: it is too long: '{path}'")))
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                StoreError::Full { path, source }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::Refused { reason: source.kind().to_string(), source: source.into() }
            }
            _ => StoreError::Io { path, source },
        }
    }

    /// What it means that the folder of a store cannot be made, or is none.
    pub(crate) fn without_folder(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::from_io("", source),
            kind => StoreError::Refused {
                reason: format!("its folder cannot be made ({kind})"),
                source: source.into(),
            },
        }
    }

    /// What a failure to write at `path` means: a folder that cannot be there is the store's fault, since no
    /// artifact was asked for.
    pub(crate) fn from_write(path: &str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => StoreError::Io { path: path.to_owned(), source },
            _ => StoreError::from_io(path, source),
        }
    }

    /// The same error, but below a location of the caller's choice it is no fault of the server that the system
    /// or an object store refuses it.
    pub(crate) fn at_chosen(self, location: &str) -> Self {
        match self {
            StoreError::Io { source, .. } if is_refusal(&source) => {
                StoreError::Forbidden { location: location.to_owned(), reason: source.to_string() }
            }
            StoreError::Refused { reason, .. } => {
                StoreError::Forbidden { location: location.to_owned(), reason }
            }
            error => error,
        }
    }
}

fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), NotFound | PermissionDenied | ReadOnlyFilesystem)
}
