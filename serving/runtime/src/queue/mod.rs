//! The queue of a model, and the lanes that empty it.
//!
//! A batch is cut when a lane is free: whatever waited while the last one ran. There is no timer, so that an idle server
//! answers at once. What waits is bounded in rows and bytes; who finds it full is told so, and does not wait.

pub(crate) mod limits;
pub(crate) mod error;
mod outcome;
pub(crate) mod entry;
mod waiting;
mod running;
mod health;
mod lane;
pub(crate) mod statistics;
pub(crate) mod endpoint;
