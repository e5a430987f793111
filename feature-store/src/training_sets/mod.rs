//! Training sets: the rows of a spine with the features of a service, each as it was known at the row's time.
//!
//! The spine is read twice: for its keys and times, to which the tables of features are joined one after the other, and then whole,
//! to write each row with its features behind it. What was read and what came out of it is told by an [`Audit`] and pinned by a
//! [`Manifest`].

pub(crate) mod blueprint;
pub(crate) mod error;
pub(crate) mod progress;
mod plan;
mod tables;
mod spine_rows;
mod feature_rows;
mod watching;
mod computing;
mod budget;
mod joined;
mod spill;
mod spilled_rows;
mod parts;
mod rejoined;
mod row_hash;
mod sink;
mod request;
mod write;
mod audit;
mod manifest;
mod build;

pub use audit::{Audit, ViewAudit};
pub use blueprint::Blueprint;
pub use build::{Built, Existing, Output, OutputFormat, Request, Room, Spine, Wanted, build};
pub use error::Error;
pub use manifest::Manifest;
pub use progress::{Progress, Step};

#[cfg(test)]
mod tests;
