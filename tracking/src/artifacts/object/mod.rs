//! Artifacts as objects below one prefix of a bucket.

mod address;
mod bucket;
mod client;
mod clients;
mod connect;
mod connection_string;
mod delete;
mod fault;
mod lend;
mod list;
mod multipart;
mod parts;
mod pending;
mod presign;
mod read;
mod room;
mod s3_settings;
mod s3_signing;
mod settings;
mod upload;

pub(crate) use address::{Address, is_object_store};
pub(crate) use bucket::BucketStore;
pub(crate) use clients::Clients;
pub use lend::{ObjectFolder, ObjectStores};
pub(crate) use read::OpenObject;
pub use settings::StoreSettings;
