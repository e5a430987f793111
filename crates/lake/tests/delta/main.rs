//! Delta tables are read as their logs say, at any version; what is not as it says is an error and never other rows.
#![expect(clippy::unwrap_used, reason = "this crate is a test, and its functions are parts of tests")]

mod among;
mod append;
mod mapped;
mod older;
mod checkpoints;
mod defects;
mod fixture;
mod predicates;
mod versions;
