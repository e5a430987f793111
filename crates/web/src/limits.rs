//! How much of a request is read before it is refused.

use axum::http::Extensions;

/// Bounds on what one request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest JSON body, in bytes.
    pub json_bytes: usize,
}

impl Default for Limits {
    /// 64 MiB: the longest dataset profile MLflow allows (16 MiB) fits, also when every character is escaped.
    fn default() -> Self {
        Self { json_bytes: 64 * 1024 * 1024 }
    }
}

impl Limits {
    /// The limits of this server, as the layers put them on the request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or_default()
    }
}
