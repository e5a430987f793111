//! MLflow's JSON messages, for both sides of the wire: the servers decode requests and encode responses, the
//! client does the reverse.
//!
//! A message is a plain struct whose fields are optional, because the wire knows presence and nothing else:
//! whether a field is required, or its value allowed, is decided where a message becomes a domain type.
//! The quirks of protobuf's JSON live in few places: numbers as text and `"NaN"` in [`number`], camelCase twins
//! and null for absent in `presence`, the words of an error in `explain`, and text in ASCII in [`ascii`].
//!
//! Files of YAML are read here as well, for they too arrive from outside: [`mlmodel`], which MLflow writes
//! beside every model, and [`policy_file`] and [`feature_file`], which people write.

pub mod ascii;
pub mod decode;
mod depth;
mod explain;
mod nul;
mod query;
pub mod yaml;
pub mod yaml_lines;

pub mod enumeration;
pub mod number;
mod presence;
pub mod secret;

pub mod absent;
pub mod artifacts;
pub mod datasets;
pub mod empty;
pub mod error;
pub mod event_subscriptions;
pub mod events;
pub mod experiments;
pub mod graphql;
pub mod logged_models;
pub mod metrics;
pub mod mlmodel;
pub mod model_versions;
pub mod promotions;
pub mod registered_models;
pub mod runs;
pub mod server;
pub mod webhooks;
pub mod policy_file;
pub mod promotion_policies;
pub mod feature_definitions;
pub mod feature_file;
pub mod features;
pub mod signature;
