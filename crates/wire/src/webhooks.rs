//! Messages about webhooks. What is sent to one stands in [`crate::events`].
//!
//! In a GET, PATCH, DELETE or test the path names the webhook.
#![expect(
    missing_docs,
    clippy::struct_field_names,
    reason = "the fields are MLflow's own; docs stand where a name does not say it all"
)]

use crate::enumeration::{WebhookAction, WebhookEntity, WebhookStatus};
use crate::number::{Int32, Int64};
use crate::presence::message;
use crate::secret::Secret;

message! {
    /// An address to which events are sent. Its secret is never told.
    pub struct Webhook {
        webhook_id as "webhookId": Option<String>,
        /// Not unique.
        name: Option<String>,
        description: Option<String>,
        url: Option<String>,
        events: Vec<WebhookEvent>,
        status: Option<WebhookStatus>,
        /// Milliseconds since the epoch.
        creation_timestamp as "creationTimestamp": Option<Int64>,
        /// Milliseconds since the epoch.
        last_updated_timestamp as "lastUpdatedTimestamp": Option<Int64>,
    }

    /// A kind of events.
    pub struct WebhookEvent {
        entity: Option<WebhookEntity>,
        action: Option<WebhookAction>,
    }

    /// `POST webhooks`.
    pub struct CreateWebhook {
        name: Option<String>,
        description: Option<String>,
        url: Option<String>,
        /// Absent and empty are told apart.
        events: Option<Vec<WebhookEvent>>,
        secret: Option<Secret>,
        status: Option<WebhookStatus>,
    }

    /// `GET webhooks`.
    pub struct ListWebhooks {
        max_results as "maxResults": Option<Int32>,
        page_token as "pageToken": Option<String>,
    }

    /// Answers [`ListWebhooks`].
    pub struct ListWebhooksResponse {
        webhooks: Vec<Webhook>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// `PATCH webhooks/{webhook_id}`. Empty texts count as absent, but for the description and the secret, which they
    /// take away.
    pub struct UpdateWebhook {
        name: Option<String>,
        description: Option<String>,
        url: Option<String>,
        events: Vec<WebhookEvent>,
        secret: Option<Secret>,
        status: Option<WebhookStatus>,
    }

    /// Answers every request that ends with one webhook.
    pub struct WebhookResponse {
        webhook: Option<Webhook>,
    }

    /// `POST webhooks/{webhook_id}/test`.
    pub struct TestWebhook {
        /// Absent means one that the webhook is subscribed to.
        event: Option<WebhookEvent>,
    }

    /// Answers [`TestWebhook`].
    pub struct TestWebhookResponse {
        result: Option<WebhookTestResult>,
    }

    /// What became of a test.
    pub struct WebhookTestResult {
        /// Whether there was an answer with a status below 400.
        success: Option<bool>,
        response_status as "responseStatus": Option<Int32>,
        response_body as "responseBody": Option<String>,
        error_message as "errorMessage": Option<String>,
    }
}
