//! MLflow's JSON messages, for both sides of the wire: the servers decode requests and encode responses, the
//! client does the reverse.
//!
//! A message is a plain struct whose fields are optional, because the wire knows presence and nothing else:
//! whether a field is required, or its value allowed, is decided where a message becomes a domain type.
//! The quirks of protobuf's JSON (numbers as text, `"NaN"`, camelCase twins, null for absent) live in
//! [`number`], [`presence`] and [`decode`] alone.

pub mod decode;
pub mod enumeration;
mod explain;
pub mod number;
pub mod presence;
mod query;

pub mod artifacts;
pub mod datasets;
pub mod empty;
pub mod error;
pub mod experiments;
pub mod logged_models;
pub mod metrics;
pub mod runs;
pub mod server;
