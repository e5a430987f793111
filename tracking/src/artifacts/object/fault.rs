//! What a failure of an object store means to whom it is told.
//!
//! The caller reads a short reason. What the store said at length may name accounts and hosts: it is a cause, which
//! is only logged.

use std::error::Error;
use std::time::Duration;

use forebay_core::invalid::Invalid;
use object_store::client::{HttpError, HttpErrorKind};

use crate::artifacts::StoreError;

/// The codes for parts that do not make an object.
const PARTS: [&str; 6] = [
    "NoSuchUpload",
    "InvalidPart",
    "InvalidPartOrder",
    "EntityTooSmall",
    "InvalidBlockList",
    "InvalidBlockId",
];

/// Longest error code of a store that is passed on.
const MAX_CODE_CHARS: usize = 64;

/// What `error` means for a request about `path`.
pub(super) fn fault(path: &str, error: object_store::Error) -> StoreError {
    use object_store::Error as Cause;
    let code = code(&error.to_string());
    match (error, code.as_deref()) {
        (error, Some(code @ ("NoSuchBucket" | "ContainerNotFound" | "InvalidBucketName"))) => {
            StoreError::Refused { reason: code.to_owned(), source: error.into() }
        }
        (_, Some(code)) if PARTS.contains(&code) => {
            StoreError::Invalid(Invalid::message(format!("The artifact store refuses the parts: {code}")))
        }
        (Cause::NotFound { .. }, _) => StoreError::NotFound(path.to_owned()),
        (error @ (Cause::PermissionDenied { .. } | Cause::Unauthenticated { .. }), code) => {
            let reason = code.unwrap_or("access denied").to_owned();
            StoreError::Refused { reason, source: error.into() }
        }
        (Cause::InvalidPath { .. }, _) => StoreError::Unsupported("A name in this folder"),
        (Cause::NotSupported { .. } | Cause::NotImplemented { .. }, _) => {
            StoreError::Unsupported("The operation")
        }
        (error, code) => {
            let reason = code.map_or_else(|| unanswered(&error), str::to_owned);
            StoreError::Unavailable { reason, source: error.into() }
        }
    }
}

/// The store did not answer in time.
pub(super) fn late(limit: Duration) -> StoreError {
    let reason = format!("no answer within {} seconds", limit.as_secs());
    StoreError::Unavailable { reason: reason.clone(), source: reason.into() }
}

/// The code in a store's answer, which is XML.
fn code(text: &str) -> Option<String> {
    let (code, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
    let is_code = code.len() <= MAX_CODE_CHARS && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then(|| code.to_owned())
}

/// Why there was no answer, or none that says why.
fn unanswered(error: &object_store::Error) -> String {
    let mut causes =
        std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source());
    let kind = causes.find_map(|cause| cause.downcast_ref::<HttpError>()).map(HttpError::kind);
    match kind {
        Some(HttpErrorKind::Connect) => "no connection can be made",
        Some(HttpErrorKind::Timeout) => "it does not answer in time",
        Some(_) => "the connection broke",
        None => "it answered with an error",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: object_store::Error) -> (String, String) {
        let fault = fault("x", error);
        (fault.code().as_str().to_owned(), fault.to_string())
    }

    #[test]
    fn callers_read_the_code_of_the_store_and_no_more() {
        let text =
            "403 <Error><Code>AccessDenied</Code><Message>arn:aws:iam::1:user/x may not</Message></Error>";
        let denied = object_store::Error::PermissionDenied { path: "x".to_owned(), source: text.into() };
        let (code, message) = told(denied);
        assert_eq!(code, "TEMPORARILY_UNAVAILABLE");
        assert_eq!(message, "The artifact store refuses this server: AccessDenied");
    }

    #[test]
    fn a_missing_object_and_a_missing_bucket_are_told_apart() {
        let missing =
            |text: &str| object_store::Error::NotFound { path: "x".to_owned(), source: text.into() };
        assert_eq!(told(missing("404 ")).0, "RESOURCE_DOES_NOT_EXIST");
        assert_eq!(told(missing("<Code>NoSuchKey</Code>")).0, "RESOURCE_DOES_NOT_EXIST");
        let (code, message) = told(missing("<Code>NoSuchBucket</Code>"));
        assert_eq!(code, "TEMPORARILY_UNAVAILABLE");
        assert_eq!(message, "The artifact store refuses this server: NoSuchBucket");
    }

    #[test]
    fn a_code_is_a_word() {
        assert_eq!(code("<Code>SlowDown</Code>").as_deref(), Some("SlowDown"));
        assert_eq!(code("<Code>a b</Code>"), None);
        assert_eq!(code("<Code>x"), None);
    }
}
