//! How long a caller waits.

use std::time::Duration;

use axum::http::HeaderMap;

/// The header with the milliseconds that a caller waits.
const HEADER: &str = "x-timeout-ms";

/// How long the caller waits: as its header says, and the server's own patience at most.
///
/// # Errors
/// When the header is no number of milliseconds above 0.
pub(super) fn at_most(own: Duration, headers: &HeaderMap) -> Result<Duration, String> {
    let Some(value) = headers.get(HEADER) else { return Ok(own) };
    let millis = value.to_str().ok().and_then(|text| text.trim().parse().ok()).filter(|millis| *millis > 0);
    let invalid = || format!("Header {HEADER}: {value:?} is not a number of milliseconds above 0.");
    millis.map(|millis| own.min(Duration::from_millis(millis))).ok_or_else(invalid)
}
