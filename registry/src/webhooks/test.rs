//! Testing a webhook: one request with a made-up event, whose outcome is the answer.

use forebay_core::invalid::Invalid;
use reqwest::Response;

use crate::deliveries::send::Message;
use crate::model::event;
use crate::model::event_example::example;
use crate::model::event_kind::{Audience, EventKind};
use crate::model::webhook::{StoredWebhook, TestResult};
use crate::model::webhook_url::WebhookUrl;
use crate::{Registry, Result};

/// Most of an answer's body that is told, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;

impl Registry {
    /// Sends an example of `kind`, or of the first event of the webhook, whether it is active or not.
    pub(crate) async fn test_webhook(
        &self,
        audience: Audience,
        id: String,
        kind: Option<EventKind>,
    ) -> Result<TestResult> {
        let stored = self.get_stored_webhook(audience, id).await?;
        let kind = kind
            .or(stored.webhook.events.first().copied())
            .ok_or_else(|| Invalid::message("The webhook has no event that could be tested."))?;
        let result = match self.send_example(&stored, kind).await {
            Ok(response) => {
                let status = response.status().as_u16();
                TestResult::Answered { status, body: beginning(response).await }
            }
            Err(reason) => TestResult::Failed { reason },
        };
        Ok(result)
    }

    async fn send_example(&self, stored: &StoredWebhook, kind: EventKind) -> Result<Response, String> {
        let url =
            WebhookUrl::parse(&stored.webhook.url, &self.webhooks.urls).map_err(|error| error.to_string())?;
        let secret = self.secret_of(stored).await.map_err(|error| error.to_string())?;
        let now_ms = self.now_ms();
        let message = Message {
            url: &url,
            delivery_id: &self.around.ids.uuid(),
            secret: secret.as_deref(),
            payload: &event::body(kind, &example(kind), now_ms),
            now_ms,
        };
        self.webhooks.sender.send(message).await.map_err(|error| error.to_string())
    }
}

/// The body as text, as far as it is told and came.
async fn beginning(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= MAX_BODY_BYTES {
            body.truncate(MAX_BODY_BYTES);
            break;
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}
