//! Messages about subscriptions to events that MLflow does not know: shaped like [`crate::webhooks`], with events by
//! name, as in `promotion.completed`. What is sent may have no other fields: with a misspelt `secret` nothing would be
//! signed.
#![expect(
    missing_docs,
    reason = "the fields are those of webhooks; docs stand where a name does not say it all"
)]

use crate::enumeration::WebhookStatus;
use crate::number::{Int32, Int64};
use crate::presence::message;
use crate::secret::Secret;

message! {
    /// An address to which events are sent. Its secret is never told.
    pub struct EventSubscription {
        subscription_id as "subscriptionId": Option<String>,
        /// Not unique.
        name: Option<String>,
        description: Option<String>,
        url: Option<String>,
        /// Each `entity.action`.
        events: Vec<String>,
        status: Option<WebhookStatus>,
        /// Milliseconds since the epoch.
        creation_timestamp as "creationTimestamp": Option<Int64>,
        /// Milliseconds since the epoch.
        last_updated_timestamp as "lastUpdatedTimestamp": Option<Int64>,
    }

    /// `POST event-subscriptions`.
    #[serde(deny_unknown_fields)]
    pub struct CreateEventSubscription {
        name: Option<String>,
        description: Option<String>,
        url: Option<String>,
        /// Absent and empty are told apart.
        events: Option<Vec<String>>,
        secret: Option<Secret>,
        status: Option<WebhookStatus>,
    }

    /// `GET event-subscriptions`.
    pub struct ListEventSubscriptions {
        max_results as "maxResults": Option<Int32>,
        page_token as "pageToken": Option<String>,
    }

    /// Answers [`ListEventSubscriptions`].
    pub struct ListEventSubscriptionsResponse {
        subscriptions: Vec<EventSubscription>,
        next_page_token as "nextPageToken": Option<String>,
    }

    /// `PATCH event-subscriptions/{subscription_id}`. Empty texts count as absent, but for the description and the
    /// secret, which they take away.
    #[serde(deny_unknown_fields)]
    pub struct UpdateEventSubscription {
        name: Option<String>,
        description: Option<String>,
        url: Option<String>,
        events: Vec<String>,
        secret: Option<Secret>,
        status: Option<WebhookStatus>,
    }

    /// Answers every request that ends with one subscription.
    pub struct EventSubscriptionResponse {
        subscription: Option<EventSubscription>,
    }

    /// `POST event-subscriptions/{subscription_id}/test`; the answer is that of a webhook's test.
    pub struct TestEventSubscription {
        /// Absent means one that is subscribed to.
        event: Option<String>,
    }
}
