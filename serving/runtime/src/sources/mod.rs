//! Where models come from: a URI names one, a registry tells which version that is now and where its files are, and the
//! files are kept in a cache on disk.
//!
//! [`fetch::fetch`] is the whole way. Everything that is read on it was written by others, so paths are checked, listings
//! are bounded, and a folder is used when all of its files are there and are what was downloaded.

pub(crate) mod uri;
pub(crate) mod error;
pub(crate) mod inner_path;

pub(crate) mod registry;
pub(crate) mod tracking_server;

pub(crate) mod files;
pub(crate) mod server_files;
pub(crate) mod bucket_files;
pub(crate) mod local_files;

pub(crate) mod cache;
pub(crate) mod fetch;
