//! How much of requests is read before they are refused.

/// Bounds on what requests may hold; the server decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest JSON body, in bytes.
    pub json_bytes: usize,
    /// All JSON bodies that are being read or answered at one time, in bytes; at least `json_bytes`. Their beginnings
    /// do not count, and have an eighth of this besides.
    pub json_bytes_in_flight: usize,
}
