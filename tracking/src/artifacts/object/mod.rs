//! Artifacts as objects below one prefix of a bucket.

mod address;
mod bucket;
mod client;
mod clients;
mod connect;
mod connection_string;
mod delete;
mod fault;
mod list;
mod parts;
mod pending;
mod read;
mod s3_settings;
mod settings;
mod upload;

pub(crate) use address::{Address, is_object_store};
pub(crate) use bucket::BucketStore;
pub(crate) use clients::Clients;
pub(crate) use read::OpenObject;
pub use settings::StoreSettings;
