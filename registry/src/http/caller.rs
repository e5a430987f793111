//! Who asks: the user that an authenticating proxy names in a header which the operator trusts.

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use forebay_core::invalid::Invalid;
use forebay_web::error::ApiError;

use crate::Registry;

/// Longest name of a user, in characters.
const MAX_CHARS: usize = 250;

/// The user behind a request, where one is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller(pub(crate) Option<String>);

impl FromRequestParts<Registry> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, registry: &Registry) -> Result<Self, ApiError> {
        let Some(header) = &registry.config.user_header else { return Ok(Caller(None)) };
        Ok(Caller(user(parts, header)?))
    }
}

/// The user whom the header names; none where it is missing or empty.
fn user(parts: &Parts, header: &HeaderName) -> Result<Option<String>, Invalid> {
    let refuse = |why: &str| Invalid::message(format!("The header '{header}' {why}."));
    let mut values = parts.headers.get_all(header).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        // One of them came from somebody whom the proxy did not vouch for.
        return Err(refuse("names the user more than once"));
    }
    let name = std::str::from_utf8(value.as_bytes()).map_err(|_| refuse("is not UTF-8"))?.trim();
    if name.chars().count() > MAX_CHARS {
        return Err(refuse(&format!("is longer than {MAX_CHARS} characters")));
    }
    Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
}
