//! One request to a receiver: signed, to a public address, without proxies.

use std::error::Error as StdError;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forebay_core::causes::with_causes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response};
use sha2::Sha256;

use super::resolve::Resolver;
use crate::model::delivery::Verdict;
use crate::model::webhook_url::{UrlRules, WebhookUrl};

/// Requests that one delivery may be passed on to.
const MAX_REDIRECTS: usize = 5;

/// Sends requests to receivers.
pub(crate) struct Sender {
    client: Client,
}

/// What is sent, and to whom.
pub(crate) struct Message<'m> {
    pub(crate) url: &'m WebhookUrl,
    /// The same for every attempt.
    pub(crate) delivery_id: &'m str,
    pub(crate) secret: Option<&'m str>,
    pub(crate) payload: &'m str,
    /// The time of this attempt.
    pub(crate) now_ms: i64,
}

/// Why there is no answer, in words that hold neither a secret nor the address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// It must not be sent there.
    #[error("{0}")]
    Blocked(String),
    /// It could not be sent, or was not answered.
    #[error("{0}")]
    Failed(String),
}

/// A rule forbids the connection.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Blocked(pub(crate) String);

impl Sender {
    pub(crate) fn new(
        rules: &Arc<UrlRules>,
        resolver: Resolver,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        let rules = Arc::clone(rules);
        let client = Client::builder()
            .user_agent(concat!("forebay/", env!("CARGO_PKG_VERSION")))
            .timeout(timeout)
            // A proxy would be the one that is connected to, whatever the address.
            .no_proxy()
            .dns_resolver(Arc::new(resolver))
            .redirect(Policy::custom(move |attempt| redirect(attempt, &rules)))
            // Every delivery has a connection of its own, so that no check is older than it.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Sender { client })
    }

    pub(crate) async fn send(&self, message: Message<'_>) -> Result<Response, SendError> {
        let timestamp = (message.now_ms / 1_000).to_string();
        let mut request = self
            .client
            .post(message.url.url().clone())
            .header(CONTENT_TYPE, "application/json")
            .header("X-MLflow-Delivery-Id", message.delivery_id)
            .header("X-MLflow-Timestamp", &timestamp);
        if let Some(secret) = message.secret {
            let signature = signature(secret, message.delivery_id, &timestamp, message.payload);
            request = request.header("X-MLflow-Signature", signature);
        }
        request.body(message.payload.to_owned()).send().await.map_err(SendError::from)
    }
}

/// What an answer, or none, means for the delivery.
pub(crate) fn verdict(sent: Result<Response, SendError>, now_ms: i64) -> Verdict {
    match sent {
        Ok(response) => {
            let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            Verdict::of_answer(response.status().as_u16(), retry_after, now_ms)
        }
        Err(SendError::Blocked(reason)) => Verdict::Refused { reason },
        Err(SendError::Failed(reason)) => Verdict::TryAgain { asked_pause_ms: None, reason },
    }
}

/// MLflow's: the HMAC of id, time and body, each after a full stop but the first.
fn signature(secret: &str, delivery_id: &str, timestamp: &str, payload: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    for part in [delivery_id, ".", timestamp, ".", payload] {
        hmac.update(part.as_bytes());
    }
    format!("v1,{}", STANDARD.encode(hmac.finalize().into_bytes()))
}

/// Follows where the request is passed on as it is; after the other redirects it would be a GET without a body. The
/// next address is checked like the first one.
fn redirect(attempt: Attempt, rules: &UrlRules) -> reqwest::redirect::Action {
    if !matches!(attempt.status().as_u16(), 307 | 308) {
        return attempt.stop();
    }
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error(Blocked("the receiver redirects too often".to_owned()));
    }
    match WebhookUrl::parse(attempt.url().as_str(), rules) {
        Ok(_) => attempt.follow(),
        Err(refusal) => attempt.error(Blocked(refusal.to_string())),
    }
}

impl From<reqwest::Error> for SendError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut causes = iter::successors(error.source(), |cause| (*cause).source());
        match causes.find_map(|cause| cause.downcast_ref()) {
            Some(Blocked(reason)) => SendError::Blocked(reason.clone()),
            None => SendError::Failed(with_causes(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_mlflows() {
        // Made with Python's hmac.new(b"s3cret", b'id.1.{"a": 1}', "sha256").
        assert_eq!(
            signature("s3cret", "id", "1", r#"{"a": 1}"#),
            "v1,cENlVDAKk6mBcirVQFxk6XIwaSqOpBXoTAMDuBGHcXg="
        );
    }
}
