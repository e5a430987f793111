//! How much a model's queue holds.

/// Bounds of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows of several requests that are scored together at most; those of one request are never parted.
    pub batch_rows: usize,
    /// Rows that may wait.
    pub waiting_rows: usize,
    /// Bytes that may wait.
    pub waiting_bytes: usize,
}
