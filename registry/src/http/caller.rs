//! Who asks: the user that an authenticating proxy names in a header which the operator trusts.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::Registry;

/// Longest name of a user that is believed, in characters.
const MAX_CHARS: usize = 250;

/// The user behind a request, where one is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller(pub(crate) Option<String>);

impl FromRequestParts<Registry> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, registry: &Registry) -> Result<Self, Infallible> {
        let mut values = registry.config.user_header.iter().flat_map(|name| parts.headers.get_all(name));
        // Of two, one came from somebody whom the proxy did not vouch for.
        let value = values.next().filter(|_| values.next().is_none());
        let name = value.and_then(|value| std::str::from_utf8(value.as_bytes()).ok()).map(str::trim);
        let name = name.filter(|name| !name.is_empty() && name.chars().count() <= MAX_CHARS);
        Ok(Caller(name.map(str::to_owned)))
    }
}
