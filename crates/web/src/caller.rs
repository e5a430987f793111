//! Who asks: the user that an authenticating proxy names in a header which the operator trusts.

use axum::http::HeaderName;
use axum::http::request::Parts;
use forebay_core::invalid::Invalid;

/// Longest name of a user, in characters.
const MAX_CHARS: usize = 250;

/// The user whom the header names; none where it is missing or empty, or no header is trusted.
///
/// # Errors
/// The header does not name one user.
pub fn user(parts: &Parts, header: Option<&HeaderName>) -> Result<Option<String>, Invalid> {
    let Some(header) = header else { return Ok(None) };
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
