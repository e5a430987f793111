//! What is asked about webhooks and event subscriptions, checked: each kind in its own words, and then both as one.

use std::collections::BTreeSet;

use forebay_core::columns::{Column, ColumnLimits};
use forebay_core::invalid::Invalid;
use forebay_core::{page_token, python};
use forebay_wire::enumeration::WebhookStatus;
use forebay_wire::secret::Secret;
use forebay_wire::{event_subscriptions, webhooks};

use super::event_kind::EventKind;
use super::webhook::Webhook;
use super::webhook_url::{UrlRules, WebhookUrl};

/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 63;

// The columns of MLflow's table.
const DESCRIPTION: Column = Column::of(1_000);
const URL: Column = Column::of(500);

/// Longest secret that fits into 1,000 characters when it is encrypted, in bytes.
const MAX_SECRET_BYTES: usize = 687;

/// Webhooks on a page when the request does not say, and at most.
const DEFAULT_PAGE: i64 = 100;
const MAX_PAGE: i64 = 1_000;
/// A webhook to be made. Where its host leads is not known yet.
#[derive(Debug)]
pub(crate) struct NewWebhook {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) url: WebhookUrl,
    /// Never empty.
    pub(crate) events: Vec<EventKind>,
    pub(crate) secret: Option<Secret>,
    pub(crate) status: WebhookStatus,
}

/// What is to change about a webhook.
#[derive(Debug)]
pub(crate) struct WebhookChanges {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) url: Option<WebhookUrl>,
    /// Never an empty list.
    pub(crate) events: Option<Vec<EventKind>>,
    pub(crate) secret: SecretChange,
    pub(crate) status: Option<WebhookStatus>,
}

/// What is to become of a secret.
#[derive(Debug)]
pub(crate) enum SecretChange {
    Keep,
    Remove,
    Set(Secret),
}

/// Both kinds of requests to create, with events in the words of their kind.
struct Draft {
    name: Option<String>,
    description: Option<String>,
    url: Option<String>,
    events: Option<Vec<EventKind>>,
    secret: Option<Secret>,
    status: Option<WebhookStatus>,
}

impl NewWebhook {
    /// Checks `POST webhooks`.
    pub(crate) fn of_webhook(
        req: webhooks::CreateWebhook,
        rules: &UrlRules,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let webhooks::CreateWebhook { name, description, url, events, secret, status } = req;
        check_columns(columns, description.as_deref(), url.as_deref(), secret.as_ref())?;
        let events = events.map(|events| distinct(events, EventKind::try_from)).transpose()?;
        Self::of_draft(Draft { name, description, url, events, secret, status }, rules)
    }

    /// Checks `POST event-subscriptions`.
    pub(crate) fn of_subscription(
        req: event_subscriptions::CreateEventSubscription,
        rules: &UrlRules,
    ) -> Result<Self, Invalid> {
        let event_subscriptions::CreateEventSubscription { name, description, url, events, secret, status } =
            req;
        let events =
            events.map(|events| distinct(events, |event| EventKind::parse_ours(&event))).transpose()?;
        Self::of_draft(Draft { name, description, url, events, secret, status }, rules)
    }

    fn of_draft(draft: Draft, rules: &UrlRules) -> Result<Self, Invalid> {
        let name = present(draft.name).ok_or_else(|| Invalid::missing("name"))?;
        let url = present(draft.url).ok_or_else(|| Invalid::missing("url"))?;
        let events = draft.events.ok_or_else(|| Invalid::missing("events"))?;
        check_name(&name)?;
        let url = WebhookUrl::parse(&url, rules)?;
        if events.is_empty() {
            return Err(Invalid::message(
                "Webhook events must be a non-empty list of WebhookEvent objects: [].",
            ));
        }
        Ok(NewWebhook {
            name,
            description: present(draft.description),
            url,
            events,
            secret: draft.secret.filter(|secret| !secret.0.is_empty()),
            status: draft.status.unwrap_or(WebhookStatus::Active),
        })
    }

    /// The webhook as it is stored, but for its secret.
    pub(crate) fn into_webhook(self, id: String, now_ms: i64) -> Webhook {
        Webhook {
            id,
            name: self.name,
            description: self.description,
            url: self.url.as_str().to_owned(),
            events: self.events,
            status: self.status,
            creation_time_ms: Some(now_ms),
            last_updated_time_ms: Some(now_ms),
        }
    }
}

impl WebhookChanges {
    /// Checks `PATCH webhooks/{webhook_id}`.
    pub(crate) fn of_webhook(
        req: webhooks::UpdateWebhook,
        rules: &UrlRules,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let webhooks::UpdateWebhook { name, description, url, events, secret, status } = req;
        check_columns(columns, description.as_deref(), url.as_deref(), secret.as_ref())?;
        let events = Some(distinct(events, EventKind::try_from)?);
        Self::of_draft(Draft { name, description, url, events, secret, status }, rules)
    }

    /// Checks `PATCH event-subscriptions/{subscription_id}`.
    pub(crate) fn of_subscription(
        req: event_subscriptions::UpdateEventSubscription,
        rules: &UrlRules,
    ) -> Result<Self, Invalid> {
        let event_subscriptions::UpdateEventSubscription { name, description, url, events, secret, status } =
            req;
        let events = Some(distinct(events, |event| EventKind::parse_ours(&event))?);
        Self::of_draft(Draft { name, description, url, events, secret, status }, rules)
    }

    fn of_draft(draft: Draft, rules: &UrlRules) -> Result<Self, Invalid> {
        let name = present(draft.name);
        name.as_deref().map(check_name).transpose()?;
        let url = present(draft.url).map(|url| WebhookUrl::parse(&url, rules)).transpose()?;
        let secret = match draft.secret {
            None => SecretChange::Keep,
            Some(secret) if secret.0.is_empty() => SecretChange::Remove,
            Some(secret) => SecretChange::Set(secret),
        };
        let events = draft.events.filter(|events| !events.is_empty());
        Ok(WebhookChanges { name, description: draft.description, url, events, secret, status: draft.status })
    }

    /// Makes the changes, but for that of the secret.
    pub(crate) fn apply_to(&self, webhook: &mut Webhook, now_ms: i64) {
        if let Some(name) = &self.name {
            webhook.name.clone_from(name);
        }
        if self.description.is_some() {
            webhook.description.clone_from(&self.description);
        }
        if let Some(url) = &self.url {
            url.as_str().clone_into(&mut webhook.url);
        }
        if let Some(events) = &self.events {
            webhook.events.clone_from(events);
        }
        webhook.status = self.status.unwrap_or(webhook.status);
        webhook.last_updated_time_ms = Some(now_ms);
    }
}

/// What fits into MLflow's table.
fn check_columns(
    columns: ColumnLimits,
    description: Option<&str>,
    url: Option<&str>,
    secret: Option<&Secret>,
) -> Result<(), Invalid> {
    if let Some(description) = description {
        columns.check("description", DESCRIPTION, description)?;
    }
    if let Some(url) = url {
        columns.check("url", URL, url)?;
    }
    match secret {
        Some(Secret(secret)) if columns == ColumnLimits::Enforced && secret.len() > MAX_SECRET_BYTES => {
            let why = format!(
                "The parameter 'secret' is too long: the database holds {MAX_SECRET_BYTES} bytes of it."
            );
            Err(Invalid::message(why))
        }
        _ => Ok(()),
    }
}

pub(super) fn present(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The kinds, each once.
fn distinct<T>(
    events: Vec<T>,
    read: impl Fn(T) -> Result<EventKind, Invalid>,
) -> Result<Vec<EventKind>, Invalid> {
    let kinds: BTreeSet<_> = events.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok(kinds.into_iter().collect())
}

fn check_name(name: &str) -> Result<(), Invalid> {
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    let is_inner = |c: char| is_plain(c) || ['.', '_', '-'].contains(&c);
    // All characters of a good name are bytes.
    let is_valid = name.len() <= MAX_NAME_CHARS
        && name.starts_with(is_plain)
        && name.ends_with(is_plain)
        && name.chars().all(is_inner);
    if is_valid {
        return Ok(());
    }
    Err(Invalid::message(format!(
        "Webhook name {} is invalid. It must start and end with a letter or digit, be less than 63 characters long, \
         and contain only letters, digits, dots (.), underscores (_), and hyphens (-).",
        python::literal(&name)
    )))
}

/// One page of the list, the newest first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListWebhooks {
    /// 1 to [`MAX_PAGE`].
    pub(crate) max_results: i64,
    /// Rows to skip, ≥ 0.
    pub(crate) offset: i64,
}

impl ListWebhooks {
    fn new(max_results: Option<i32>, page_token: Option<String>) -> Result<Self, Invalid> {
        let max_results = match max_results {
            None | Some(0) => DEFAULT_PAGE,
            Some(max) => i64::from(max),
        };
        if !(1..=MAX_PAGE).contains(&max_results) {
            return Err(Invalid::message("max_results must be between 1 and 1000."));
        }
        let offset = page_token::decode_offset(&page_token.unwrap_or_default())?;
        Ok(ListWebhooks { max_results, offset })
    }
}

impl TryFrom<webhooks::ListWebhooks> for ListWebhooks {
    type Error = Invalid;

    fn try_from(req: webhooks::ListWebhooks) -> Result<Self, Invalid> {
        Self::new(req.max_results.map(|max| max.0), req.page_token)
    }
}

impl TryFrom<event_subscriptions::ListEventSubscriptions> for ListWebhooks {
    type Error = Invalid;

    fn try_from(req: event_subscriptions::ListEventSubscriptions) -> Result<Self, Invalid> {
        Self::new(req.max_results.map(|max| max.0), req.page_token)
    }
}

/// The event that a test is to send, if the request names one.
pub(crate) struct TestEvent(pub(crate) Option<EventKind>);

impl TryFrom<webhooks::TestWebhook> for TestEvent {
    type Error = Invalid;

    fn try_from(req: webhooks::TestWebhook) -> Result<Self, Invalid> {
        req.event.map(EventKind::try_from).transpose().map(TestEvent)
    }
}

impl TryFrom<event_subscriptions::TestEventSubscription> for TestEvent {
    type Error = Invalid;

    fn try_from(req: event_subscriptions::TestEventSubscription) -> Result<Self, Invalid> {
        present(req.event).map(|event| EventKind::parse_ours(&event)).transpose().map(TestEvent)
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_of_letters_digits_and_a_few_signs() {
        for name in ["a", "A.b_c-9", &"x".repeat(63)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["-a", "a.", "a b", "é", &"x".repeat(64)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_page_has_1_to_1000_webhooks_and_100_when_nothing_is_said() {
        let size = |max| ListWebhooks::new(max, None).map(|list| list.max_results);
        assert_eq!((size(None), size(Some(0)), size(Some(1_000))), (Ok(100), Ok(100), Ok(1_000)));
        for max in [-1, 1_001] {
            assert_eq!(size(Some(max)).unwrap_err().to_string(), "max_results must be between 1 and 1000.");
        }
    }
}
