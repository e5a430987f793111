//! Looks at the rows of a view as they pass, and says what is not as it was expected to be.
//!
//! Each thread has a `Watch` of its own; all are merged before they are asked. What is seen are the rows that a training
//! set reads: those that its columns, times and partitions do not rule out.

pub(crate) mod error;
pub(crate) mod finding;
mod range;
pub(crate) mod unique;
pub(crate) mod watch;

#[cfg(test)]
mod tests;
