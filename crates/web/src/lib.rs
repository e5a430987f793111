//! What every router shares: how a request becomes a message, how an answer or an error becomes a response,
//! and the layers every request passes.
//!
//! A handler takes [`message::Message`] and returns `Result<Pretty<_>, ApiError>`; [`stack::with_layers`] puts
//! everything else around the finished router.

pub mod error;
pub mod limits;
pub mod message;
pub mod response;

mod allow;
mod cors;
mod fallback;
pub mod host;
pub mod origin;
mod panic;
mod request_id;
mod request_log;
mod security_headers;
pub mod stack;
mod timeout;
