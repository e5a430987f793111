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

/// The codes for a request that went to another region than the bucket's.
const ELSEWHERE: [&str; 3] =
    ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"];

/// The codes for a bucket that is not there.
const MISSING_BUCKET: [&str; 2] = ["NoSuchBucket", "ContainerNotFound"];

/// The codes for a bucket that is not there, and for credentials that are not good or not good enough. They count
/// more than the kind of error: for listings and deletions the client does not tell a refusal from an outage.
const REFUSALS: [&str; 22] = [
    "NoSuchBucket",
    "ContainerNotFound",
    "InvalidBucketName",
    "AccessDenied",
    "AllAccessDisabled",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "AuthenticationRequired",
    "AuthenticationFailed",
    "AuthorizationFailure",
    "AuthorizationPermissionMismatch",
    "AuthorizationProtocolMismatch",
    "AuthorizationResourceTypeMismatch",
    "AuthorizationServiceMismatch",
    "AuthorizationSourceIPMismatch",
    "AccountIsDisabled",
    "InsufficientAccountPermissions",
    "InvalidAuthenticationInfo",
    "KeyBasedAuthenticationNotPermitted",
    "NoAuthenticationInformation",
];

/// How the client says that S3 answered with a redirect to nowhere, as it does when it may not name the region.
const BARE_REDIRECT: &str = "Received redirect without LOCATION";

/// Where the client asks for the credentials of the machine when the settings have none: Amazon and Azure, Google.
const METADATA: [&str; 2] = ["169.254.169.254", "metadata.google.internal"];

/// Longest word of a store's answer that is passed on.
const MAX_WORD_CHARS: usize = 64;

/// What `error` means for a request about `path`.
pub(super) fn fault(path: &str, error: object_store::Error) -> StoreError {
    use object_store::Error as Cause;
    let text = error.to_string();
    let code = word(&text, "Code");
    match (error, code.as_deref()) {
        (error, code) if is_elsewhere(&text, code) => {
            StoreError::Refused { reason: elsewhere(word(&text, "Region")), source: error.into() }
        }
        (error, None) if METADATA.iter().any(|host| text.contains(host)) => {
            let reason = "the server has no credentials for it, and the machine gave it none".to_owned();
            StoreError::Refused { reason, source: error.into() }
        }
        (error, Some(code)) if REFUSALS.contains(&code) => {
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

/// Whether the error is that there is no such bucket.
pub(super) fn is_missing_bucket(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused { reason, .. } if MISSING_BUCKET.contains(&reason.as_str()))
}

/// The store did not answer in time.
pub(super) fn late(limit: Duration) -> StoreError {
    let reason = format!("no answer within {} seconds", limit.as_secs());
    StoreError::Unavailable { reason: reason.clone(), source: reason.into() }
}

fn is_elsewhere(text: &str, code: Option<&str>) -> bool {
    code.is_some_and(|code| ELSEWHERE.contains(&code)) || text.contains(BARE_REDIRECT)
}

/// What the operator does about a bucket in another region, which the store may have named.
fn elsewhere(region: Option<String>) -> String {
    match region {
        Some(region) => format!("the bucket is in the region {region}; set AWS_REGION to it"),
        None => "the bucket is in another region; set AWS_REGION to it".to_owned(),
    }
}

/// The word in an element of a store's answer, which is XML.
fn word(text: &str, element: &str) -> Option<String> {
    let (_, after) = text.split_once(&format!("<{element}>"))?;
    let (word, _) = after.split_once(&format!("</{element}>"))?;
    let is_word =
        word.len() <= MAX_WORD_CHARS && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_word.then(|| word.to_owned())
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
    fn a_listing_that_is_denied_is_no_outage() {
        for code in ["AuthorizationFailure", "AuthenticationFailed", "AccessDenied", "InvalidAccessKeyId"] {
            let source = format!("403 Forbidden: <Error><Code>{code}</Code></Error>").into();
            let (_, message) = told(object_store::Error::Generic { store: "MicrosoftAzure", source });
            assert_eq!(message, format!("The artifact store refuses this server: {code}"));
        }
    }

    #[test]
    fn missing_credentials_are_told_as_such() {
        let source = "Error performing PUT http://169.254.169.254/latest/api/token in 1s".to_owned().into();
        let (_, message) = told(object_store::Error::Generic { store: "S3", source });
        let reason = "the server has no credentials for it, and the machine gave it none";
        assert_eq!(message, format!("The artifact store refuses this server: {reason}"));
    }

    #[test]
    fn a_code_is_a_word() {
        assert_eq!(word("<Code>SlowDown</Code>", "Code").as_deref(), Some("SlowDown"));
        assert_eq!(word("<Code>a b</Code>", "Code"), None);
        assert_eq!(word("<Code>x", "Code"), None);
    }

    #[test]
    fn a_bucket_in_another_region_is_no_outage() {
        let told =
            |text: &str| told(object_store::Error::Generic { store: "S3", source: text.to_owned().into() }).1;
        assert_eq!(
            told("<Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region>"),
            "The artifact store refuses this server: the bucket is in the region eu-west-1; set AWS_REGION to it"
        );
        for text in
            ["301 <Code>PermanentRedirect</Code>", "Received redirect without LOCATION, this normally"]
        {
            assert!(told(text).ends_with("the bucket is in another region; set AWS_REGION to it"), "{text}");
        }
    }
}
