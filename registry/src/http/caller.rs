//! Who asks.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use forebay_web::caller;
use forebay_web::error::ApiError;

use crate::Registry;

/// The user behind a request, where one is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller(pub(crate) Option<String>);

impl FromRequestParts<Registry> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, registry: &Registry) -> Result<Self, ApiError> {
        Ok(Caller(caller::user(parts, registry.config.user_header.as_ref())?))
    }
}
