//! The error of a handler, for its two audiences: the caller reads a code and a sentence, the operator reads
//! the chain of causes.
//!
//! Whatever is answered with a 5xx carries its causes as a `Fault` in the response's extensions to the request
//! log, which writes them down once. With a plain 500 the caller is shown nothing but a request id; that the
//! server is busy, late, full or without a feature is told as it is.

use std::error::Error;
use std::fmt;

use axum::Extension;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use forebay_core::causes::with_causes;
use forebay_core::error_code::ErrorCode;
use forebay_core::invalid::Invalid;
use forebay_wire::ascii;
use forebay_wire::decode::DecodeError;

use crate::refusal::Refusal;

/// When to try again what is not possible now. The stock client waits this long each time and gives up after
/// seven times, so a value much shorter would not outlast the restart of a database.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("10");

/// What a handler returns when it has no answer.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    code: ErrorCode,
    message: String,
    fault: Option<Fault>,
    refusal: Option<Refusal>,
}

/// Why a request failed on the server's side, for the request log: an error and its causes, outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) String);

impl ApiError {
    /// An error whose message the caller reads, unless the code's status is 500: then the caller reads
    /// `internal error`. For every 5xx the message goes to the log.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::assemble(status_of(code), code, message.clone(), message)
    }

    /// An error of a domain crate with its code. The caller reads its display, or `internal error` if the
    /// code's status is 500. For every 5xx the log gets the whole chain of causes.
    pub fn from_error(code: ErrorCode, error: &(dyn Error + 'static)) -> Self {
        Self::from_error_with_status(status_of(code), code, error)
    }

    /// As [`ApiError::from_error`], with a status that is not the code's own.
    pub fn from_error_with_status(
        status: StatusCode,
        code: ErrorCode,
        error: &(dyn Error + 'static),
    ) -> Self {
        Self::assemble(status, code, error.to_string(), with_causes(error))
    }

    fn assemble(status: StatusCode, code: ErrorCode, message: String, causes: String) -> Self {
        let is_secret = status == StatusCode::INTERNAL_SERVER_ERROR;
        let message = if is_secret { "internal error".to_owned() } else { message };
        let fault = status.is_server_error().then_some(Fault(causes));
        Self { status, code, message, fault, refusal: None }
    }

    /// The same error, told to the metrics as a refusal.
    pub(crate) fn refused(self, refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), ..self }
    }
}

impl ApiError {
    /// Hands the causes of a fault to the request log with a response that is not this error itself.
    pub fn mark(&self, response: &mut Response) {
        if let Some(fault) = &self.fault {
            response.extensions_mut().insert(fault.clone());
        }
    }
}

/// What the caller reads.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, invalid.to_string())
    }
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = with_status(self.status, self.code, &self.message);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_S);
        }
        if let Some(fault) = self.fault {
            response.extensions_mut().insert(fault);
        }
        if let Some(refusal) = self.refusal {
            response.extensions_mut().insert(refusal);
        }
        response
    }
}

/// An error response with a status that is not the code's own, for what the router itself refuses. The code goes
/// along in the response's extensions, for the request log.
pub(crate) fn with_status(status: StatusCode, code: ErrorCode, message: &str) -> Response {
    let headers = [(CONTENT_TYPE, "application/json")];
    (status, headers, Extension(code), body(code, message)).into_response()
}

/// The body of an error, spaced as the original spaces it.
pub(crate) fn body(code: ErrorCode, message: &str) -> Vec<u8> {
    let message = serde_json::Value::from(message);
    let text = format!("{{\"error_code\": \"{}\", \"message\": {message}}}", code.as_str());
    ascii::escape(text.into_bytes())
}

fn status_of(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
