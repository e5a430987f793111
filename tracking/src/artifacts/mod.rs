//! Artifacts: the files of runs and logged models, and the store that holds them.
//!
//! A stored URI is resolved to a [`place::Place`]: a store and a folder in it. Use cases and handlers know
//! nothing of folders on disk or of buckets.

mod below;
mod error;
pub(crate) mod local;
pub(crate) mod object;
mod multipart;
mod owners;
pub(crate) mod place;
mod presigned;
mod proxied;
pub(crate) mod store;
pub(crate) mod traffic;

pub use below::ReadableFile;
pub use error::StoreError;
pub use object::{ObjectFolder, ObjectStores, StoreSettings};
