//! Serving: models that answer, row by row or table by table, in every protocol that people call.
//!
//! A model's files come from one of the [`sources`](fetch); [`load`] finds the engine for them. A request becomes a
//! [`Batch`], typed by the model's [`Signature`]; an [`Engine`] turns it into [`Predictions`]. [`Endpoint`] is the queue
//! between, and [`Server`] what answers over HTTP and gRPC.

mod model;
mod sources;
mod engines;
mod queue;
mod protocols;
mod served;
mod long;
mod http;
mod grpc;
mod server;

pub use engines::cancellation::Cancellation;
pub use engines::{
    Device, Engine, EngineError, EngineOptions, Lanes, LoadError, Loaded, Open, Sharing, Threads, load,
};
pub use model::batch::Batch;
pub use model::columns::to_columns;
pub use model::conform::{Casts, check_schema, conform};
pub use model::dtype::DType;
pub use model::folder::{FolderError, ModelFolder};
pub use model::misfit::Misfit;
pub use model::params::Params;
pub use model::predictions::Predictions;
pub use model::signature::{Column, ColumnType, Inputs, Signature, TensorField};
pub use model::tensor::{Elements, Tensor, TensorError};
pub use protocols::mlflow::tables::panics_are_callers_fault;
pub use queue::endpoint::{Endpoint, StartError};
pub use queue::entry::{Compute, Scored};
pub use queue::error::ScoreError;
pub use queue::limits::Limits;
pub use queue::statistics::{ComputeSums, Counts, Statistics, TimeSum};
pub use served::metrics::ServingMetrics;
pub use served::model::{ServedModel, Setting};
pub use served::warm_up::{WarmUpError, warm_up};
pub use served::{Models, NotServed};
pub use server::Server;
pub use sources::bucket_files::{BucketFolder, Buckets};
pub use sources::cache::Cache;
pub use sources::cache::progress::Progress;
pub use sources::error::SourceError;
pub use sources::fetch::{Fallback, Fetched, Origins, fetch};
pub use sources::files::{Content, ModelFile, ModelFiles, listing};
pub use sources::inner_path::{InnerPath, InnerPathError};
pub use sources::local_files::LocalFiles;
pub use sources::registry::{Identity, Location, ModelSource};
pub use sources::tracking_server::TrackingServer;
pub use sources::uri::{ModelUri, UriError};
