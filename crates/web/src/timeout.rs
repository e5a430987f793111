//! A request that takes too long is given up and answered with a 504.
//!
//! Only the time until the answer begins counts, so long downloads are not cut. Uploads are read before their
//! answer begins and last as long as the caller's line is slow, so artifact paths have no timeout; nor have training sets,
//! which take as long as their tables are large and are given up when their caller is gone.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use forebay_core::error_code::ErrorCode;

use crate::error::ApiError;

/// Runs the rest of the stack for at most `limit`.
pub(crate) async fn enforce(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    if takes_its_time(request.uri().path()) {
        return next.run(request).await;
    }
    let Ok(response) = tokio::time::timeout(limit, next.run(request)).await else {
        let message = format!("The request took longer than {} seconds.", limit.as_secs_f64());
        return ApiError::new(ErrorCode::DeadlineExceeded, message).into_response();
    };
    response
}

fn takes_its_time(path: &str) -> bool {
    let moves_artifacts = path.contains("/mlflow-artifacts/") || path.ends_with("/upload-artifact");
    moves_artifacts || path.ends_with("/forebay/features/training-sets")
}
