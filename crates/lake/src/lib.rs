//! Tables: Delta, and plain files of Parquet, CSV, JSON lines and Arrow, on this machine, in object stores and in pipes.
//!
//! A [`Table`] knows its files and its schema before the first row is read; its [`Scan`] gives rows in batches that are
//! bounded in rows and about in bytes. A [`NewFile`] appears whole or not at all. Everything here is synchronous and
//! belongs on a thread of its own: requests to object stores run on the caller's runtime while that thread waits.

mod error;
mod storage;
mod format;
mod table;
mod partitions;
mod predicate;
mod scan;
mod read;
mod delta;
mod write;
mod overlap;

pub use delta::{Append, AsOf, Commit, Committed, Details, Once, is_delta};
pub use error::Error;
pub use format::{Format, unknown_ending};
pub use overlap::overlaps;
pub use predicate::{Comparison, Operator};
pub use scan::{Defect, Raw, Rows, Scan, ScanOptions};
pub use storage::files::InputFile;
pub use storage::folder::Folder;
pub use storage::new_file::NewFile;
pub use storage::place::canonical;
pub use storage::{Buckets, Lake};
pub use table::{RowCount, Shard, Table, TableOptions, TextTypes};
pub use write::{TableWriter, row_as_json, row_as_texts};
