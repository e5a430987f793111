//! Who asks.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use forebay_web::caller;
use forebay_web::error::ApiError;

use crate::Features;

/// The user behind a request, where one is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller(pub(super) Option<String>);

impl FromRequestParts<Features> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, features: &Features) -> Result<Self, ApiError> {
        Ok(Caller(caller::user(parts, features.config.user_header.as_ref())?))
    }
}
