//! The point-in-time join: for each row of a spine the row of a feature table that held and was known at its time.
//!
//! The spine is kept as its distinct times per key, the slots (`spine.rs`). The rows of a feature table stream by in any order
//! (`side.rs`): each looks up the first slot that may see it and stays there if it is greater than what is there
//! (`winners.rs`). When all have passed, a greatest-so-far over each key's slots gives every slot its row. Nothing is sorted
//! but the times of the spine, and memory depends on the spine alone.

pub(crate) mod error;
pub(crate) mod times;
pub(crate) mod casts;
pub(crate) mod groups;
pub(crate) mod spine;
pub(crate) mod winners;
pub(crate) mod kept;
pub(crate) mod counts;
pub(crate) mod side;
pub(crate) mod matches;

#[cfg(test)]
pub(crate) mod naive;
#[cfg(test)]
mod properties;
