//! Scoring of whole tables: rows are read, scored and written at the same time, in order and within bounds of memory.
//!
//! [`Prepared::new`] opens the table, checks it against the model and measures how many rows the model likes at once; up to
//! there nothing is written. [`Prepared::run`] does the work. All of it is synchronous and belongs on a thread of its own.

mod error;
mod options;
mod digest;
mod columns;
mod colspec;
mod answer;
mod ahead;
mod scorer;
mod calibrate;
mod know;
mod earlier;
mod destination;
mod plan;
mod predicted;
mod prepare;
mod pipeline;
mod output;
mod overlap;
mod manifest;
mod delta;
mod counters;
mod summary;
mod run;

pub use colspec::colspec;
pub use columns::{Keep, Mapping};
pub use counters::Counters;
pub use digest::digest;
pub use error::Error;
pub use options::{JobId, JobOptions, Model, OutputFormat, RejectOptions};
pub use plan::Plan;
pub use prepare::Prepared;
pub use summary::Summary;
