//! Delta tables. The kernel reads the log and knows what a version of a table is; this crate tells it where files are, and
//! takes rows from it in batches within bounds.

mod kernel;
mod site;
mod unhinted;
mod log;
mod version;
mod pushdown;
mod rows;
mod positions;
mod plain;
mod details;
mod types;
mod older;
mod fit;
mod in_files;
mod stats;
mod split;
mod append;
mod history;

pub use append::{Append, Committed, Once};
pub use details::Details;
pub use history::Commit;
pub(crate) use rows::Reading;
pub use version::is_delta;
pub(crate) use version::{LoggedFile, Version};

/// Which version of a table is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// The one of this number.
    Version(u64),
    /// The last one that was there at this time, in milliseconds since the epoch, UTC.
    TimeMs(i64),
}
