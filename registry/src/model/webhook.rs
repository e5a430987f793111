//! Webhooks and event subscriptions, which differ in what they are told and in nothing else.

use forebay_core::page_token;
use forebay_wire::enumeration::WebhookStatus;
use forebay_wire::{event_subscriptions, webhooks};

use super::event_kind::EventKind;
use super::sealed::SealedSecret;
use super::webhook_requests::present;

/// An address to which events are sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) url: String,
    /// Each once, in the order of their kinds.
    pub(crate) events: Vec<EventKind>,
    pub(crate) status: WebhookStatus,
    /// Milliseconds since the epoch.
    pub(crate) creation_time_ms: Option<i64>,
    /// Milliseconds since the epoch.
    pub(crate) last_updated_time_ms: Option<i64>,
}

/// A webhook with what is told to nobody.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredWebhook {
    pub(crate) webhook: Webhook,
    pub(crate) secret: Option<SealedSecret>,
}
/// A page of webhooks.
#[derive(Debug)]
pub(crate) struct WebhookPage {
    pub(crate) webhooks: Vec<Webhook>,
    /// How many rows the next page skips, if there is one.
    pub(crate) next_offset: Option<i64>,
}

/// What a test of a webhook came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TestResult {
    Answered { status: u16, body: String },
    Failed { reason: String },
}

impl From<TestResult> for webhooks::TestWebhookResponse {
    fn from(result: TestResult) -> Self {
        let result = match result {
            TestResult::Answered { status, body } => webhooks::WebhookTestResult {
                success: Some(status < 400),
                response_status: Some(i32::from(status).into()),
                response_body: Some(body),
                error_message: None,
            },
            TestResult::Failed { reason } => webhooks::WebhookTestResult {
                success: Some(false),
                error_message: Some(format!("Failed to test webhook: {reason}")),
                ..webhooks::WebhookTestResult::default()
            },
        };
        webhooks::TestWebhookResponse { result: Some(result) }
    }
}

impl From<Webhook> for webhooks::Webhook {
    fn from(webhook: Webhook) -> Self {
        webhooks::Webhook {
            webhook_id: Some(webhook.id),
            name: Some(webhook.name),
            description: present(webhook.description),
            url: Some(webhook.url),
            events: webhook.events.into_iter().map(Into::into).collect(),
            status: Some(webhook.status),
            creation_timestamp: webhook.creation_time_ms.map(Into::into),
            last_updated_timestamp: webhook.last_updated_time_ms.map(Into::into),
        }
    }
}

impl From<Webhook> for webhooks::WebhookResponse {
    fn from(webhook: Webhook) -> Self {
        webhooks::WebhookResponse { webhook: Some(webhook.into()) }
    }
}

impl From<WebhookPage> for webhooks::ListWebhooksResponse {
    fn from(page: WebhookPage) -> Self {
        webhooks::ListWebhooksResponse {
            webhooks: page.webhooks.into_iter().map(Into::into).collect(),
            next_page_token: page.next_offset.map(page_token::encode_offset),
        }
    }
}

impl From<Webhook> for event_subscriptions::EventSubscription {
    fn from(webhook: Webhook) -> Self {
        event_subscriptions::EventSubscription {
            subscription_id: Some(webhook.id),
            name: Some(webhook.name),
            description: present(webhook.description),
            url: Some(webhook.url),
            events: webhook.events.iter().map(ToString::to_string).collect(),
            status: Some(webhook.status),
            creation_timestamp: webhook.creation_time_ms.map(Into::into),
            last_updated_timestamp: webhook.last_updated_time_ms.map(Into::into),
        }
    }
}

impl From<Webhook> for event_subscriptions::EventSubscriptionResponse {
    fn from(webhook: Webhook) -> Self {
        event_subscriptions::EventSubscriptionResponse { subscription: Some(webhook.into()) }
    }
}

impl From<WebhookPage> for event_subscriptions::ListEventSubscriptionsResponse {
    fn from(page: WebhookPage) -> Self {
        event_subscriptions::ListEventSubscriptionsResponse {
            subscriptions: page.webhooks.into_iter().map(Into::into).collect(),
            next_page_token: page.next_offset.map(page_token::encode_offset),
        }
    }
}
