//! What every router shares: how a request becomes a message, how an answer or an error becomes a response,
//! and the layers every request passes.
//!
//! A handler takes [`message::Message`] and returns `Result<Pretty<_>, ApiError>`; [`stack::with_layers`] puts
//! everything else around the finished router.

pub mod stack;
mod request_id;
mod security_headers;
mod request_log;
pub mod request_metrics;
mod route_label;
mod refusal;
mod panic;
mod timeout;
mod body_budget;
pub mod limits;
pub mod host;
mod cors;
pub mod origin;
mod allow;
mod fallback;
pub mod serving;
pub mod body;
pub mod caller;
pub mod message;
pub mod response;
pub mod cpu;
pub mod error;
