//! What can go wrong between a caller and a tracking server.

use forebay_wire::error::ErrorBody;
use reqwest::StatusCode;

/// Longest piece of a foreign answer that an error repeats, in characters.
const MAX_QUOTE: usize = 200;

/// Why a request has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tracking URI is no address of an HTTP server.
    #[error("'{uri}' is not the address of a tracking server: {reason}")]
    Address {
        /// What was given, without credentials.
        uri: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server answered with an error.
    #[error("{}: {message} (HTTP {status})", code.as_deref().unwrap_or("error"))]
    Api {
        /// Such as `RESOURCE_DOES_NOT_EXIST`; `None` when the answer is not MLflow's JSON, as from a proxy.
        code: Option<String>,
        /// The server's sentence.
        message: String,
        /// The HTTP status.
        status: u16,
    },
    /// No answer came, or it broke off.
    #[error("the tracking server could not be reached")]
    Transport(#[from] reqwest::Error),
    /// An answer came that is not the message it should be.
    #[error("the answer to {endpoint} cannot be read: {reason}")]
    Decode {
        /// The path that was asked.
        endpoint: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// A message that no request can hold.
    #[error("the question to {endpoint} cannot be written: {reason}")]
    Encode {
        /// The path that was to be asked.
        endpoint: String,
        /// What is wrong with the message.
        reason: String,
    },
    /// The artifacts of a run are not behind the tracking server, so it cannot pass them on.
    #[error("artifacts at '{0}' are not served by the tracking server")]
    ArtifactRoot(String),
    /// An artifact path names nothing inside of the run's artifacts.
    #[error("'{0}' is not a path inside of a run's artifacts")]
    ArtifactPath(String),
    /// What was downloaded could not be written.
    #[error("the artifact could not be written")]
    Write(#[from] std::io::Error),
}

impl Error {
    /// The error that a server's answer stands for.
    pub(crate) fn from_answer(status: StatusCode, body: &[u8]) -> Self {
        let body: ErrorBody = serde_json::from_slice(body).unwrap_or_else(|_| ErrorBody {
            error_code: String::new(),
            message: String::from_utf8_lossy(body).chars().take(MAX_QUOTE).collect(),
        });
        let code = Some(body.error_code).filter(|code| !code.is_empty());
        Error::Api { code, message: body.message, status: status.as_u16() }
    }

    /// An answer without a field that it must have.
    pub(crate) fn missing(endpoint: &str, field: &str) -> Self {
        Error::Decode { endpoint: endpoint.to_owned(), reason: format!("there is no '{field}'") }
    }

    /// Whether the server answered with that code.
    pub fn has_code(&self, wanted: &str) -> bool {
        matches!(self, Error::Api { code: Some(code), .. } if code == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_body_gives_its_code_and_sentence() {
        let body = br#"{"error_code": "BAD_REQUEST", "message": "no"}"#;
        let error = Error::from_answer(StatusCode::BAD_REQUEST, body);
        assert!(error.has_code("BAD_REQUEST"));
        assert_eq!(error.to_string(), "BAD_REQUEST: no (HTTP 400)");
    }

    #[test]
    fn a_page_of_a_proxy_is_quoted_in_part() {
        let error = Error::from_answer(StatusCode::BAD_GATEWAY, "ä".repeat(1_000).as_bytes());
        let Error::Api { code: None, message, status: 502 } = error else { panic!("{error:?}") };
        assert_eq!(message.chars().count(), 200);
    }
}
