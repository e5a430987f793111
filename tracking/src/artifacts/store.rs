//! What every artifact store deals in besides listings.

use std::time::SystemTime;

/// Bytes that are read or written at once.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// A file ready to be read, and what a client may know of it before.
#[derive(Debug)]
pub(crate) struct OpenArtifact {
    pub(crate) file: tokio::fs::File,
    pub(crate) size_bytes: u64,
    pub(crate) modified: SystemTime,
    /// The last name of its path.
    pub(crate) name: String,
}
