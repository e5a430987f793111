//! The files of versions, which the registry hands out and does not keep.

use axum::http::{HeaderMap, Method};
use axum::response::Response;
use forebay_db::BoxFuture;
use forebay_web::error::ApiError;

/// Answers requests for files below the location that a version has stored. It does not know which version that is.
pub trait FileAnswers: Send + Sync {
    /// The path of a request, if it cannot leave the location.
    ///
    /// # Errors
    /// A path that could.
    fn check_path(&self, path: &str) -> Result<(), ApiError>;

    /// The answer to a request for a file.
    ///
    /// # Errors
    /// A path that could leave the location, a location that leads nowhere, and no such file.
    fn respond<'a>(&'a self, file: FileRequest<'a>) -> BoxFuture<'a, Result<Response, ApiError>>;
}

/// A file that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct FileRequest<'a> {
    /// The URI that the version has stored.
    pub location: &'a str,
    /// The path below it, as the caller wrote it.
    pub path: &'a str,
    /// GET or HEAD.
    pub method: &'a Method,
    /// The headers of the request, for ranges and validators.
    pub headers: &'a HeaderMap,
}

#[cfg(test)]
mod testing {
    use forebay_core::error_code::ErrorCode;

    use super::*;
    use crate::testing::Nothing;

    impl FileAnswers for Nothing {
        fn check_path(&self, _path: &str) -> Result<(), ApiError> {
            Ok(())
        }

        fn respond<'a>(&'a self, _file: FileRequest<'a>) -> BoxFuture<'a, Result<Response, ApiError>> {
            Box::pin(async { Err(ApiError::new(ErrorCode::ResourceDoesNotExist, "there are no files")) })
        }
    }
}
