//! When something is done and by whom, as one argument of every write.

/// What a transaction needs beside its request.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// Milliseconds since the epoch.
    pub(crate) now_ms: i64,
    /// Whoever asks, where that is known.
    pub(crate) user: Option<String>,
}
