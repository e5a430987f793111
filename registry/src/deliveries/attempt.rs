//! One attempt at a delivery: who gets it, what came of it, and what the outbox is told.

use forebay_db as db;
use forebay_wire::enumeration::WebhookStatus;

use super::send::{Message, verdict};
use crate::Registry;
use crate::model::delivery::{Delivery, Next, Verdict};
use crate::model::webhook::StoredWebhook;
use crate::model::webhook_url::WebhookUrl;
use crate::secrets::SecretError;
use crate::sql::{outbox, subscribers};

/// Longest reason that is kept, in characters.
const MAX_REASON_CHARS: usize = 500;

impl Registry {
    /// Sends a delivery that was taken, and settles it.
    ///
    /// # Errors
    /// When the database fails; the delivery is then free again when its time is up.
    pub(super) async fn attempt(&self, delivery: &Delivery) -> Result<(), db::Error> {
        let mut tx = self.db.read().await?;
        let found = subscribers::find(&mut tx, delivery.audience, &delivery.subscriber_id).await?;
        drop(tx);
        let Some(stored) = found.filter(|stored| stored.webhook.status == WebhookStatus::Active) else {
            return self.drop_deliveries_of(delivery.subscriber_id.clone()).await;
        };
        let verdict = self.send(delivery, &stored).await;
        let chance = u64::from_le_bytes(first_eight(self.around.ids.secret_bytes()));
        let next = verdict.next(delivery.failed_attempts, &self.webhooks.rules, self.now_ms(), chance);
        report(delivery, &next);
        self.settle(delivery.clone(), next).await
    }

    async fn send(&self, delivery: &Delivery, stored: &StoredWebhook) -> Verdict {
        // It was checked when it was stored, perhaps under other rules.
        let url = match WebhookUrl::parse(&stored.webhook.url, &self.webhooks.urls) {
            Ok(url) => url,
            Err(refusal) => return Verdict::Refused { reason: refusal.to_string() },
        };
        let secret = match self.secret_of(stored).await {
            Ok(secret) => secret,
            Err(error) => return Verdict::Refused { reason: error.to_string() },
        };
        let message = Message {
            url: &url,
            delivery_id: &delivery.id,
            secret: secret.as_deref(),
            payload: &delivery.payload,
            now_ms: self.now_ms(),
        };
        let sent = self.webhooks.sender.send(message).await;
        verdict(sent, self.now_ms())
    }

    /// The secret to sign with. MLflow stores an empty one where it was taken away.
    pub(crate) async fn secret_of(&self, stored: &StoredWebhook) -> Result<Option<String>, SecretError> {
        let Some(sealed) = &stored.secret else { return Ok(None) };
        Ok(Some(self.webhooks.keeper.open(sealed).await?).filter(|secret| !secret.is_empty()))
    }

    async fn settle(&self, delivery: Delivery, next: Next) -> Result<(), db::Error> {
        let now_ms = self.now_ms();
        self.db
            .write((delivery, next, now_ms), |tx, (delivery, next, now_ms)| {
                Box::pin(async move {
                    match next {
                        Next::Done => outbox::delete(tx, &delivery.id).await,
                        Next::Retry { at_ms, reason } => {
                            outbox::retry(tx, delivery, *at_ms, &shortened(reason)).await
                        }
                        Next::GiveUp { reason } => {
                            outbox::give_up(tx, delivery, *now_ms, &shortened(reason)).await
                        }
                    }
                    .map(drop)
                })
            })
            .await
    }

    /// Forgets what waits for somebody who does not want it any more.
    async fn drop_deliveries_of(&self, subscriber_id: String) -> Result<(), db::Error> {
        self.db
            .write(subscriber_id, |tx, id| {
                Box::pin(async move { outbox::delete_of_subscriber(tx, id).await.map(drop) })
            })
            .await
    }

    /// Gives back a delivery of which nobody knows whether it arrived.
    pub(super) async fn release(&self, delivery: Delivery) -> Result<(), db::Error> {
        let now_ms = self.now_ms();
        self.db
            .write((delivery, now_ms), |tx, (delivery, now_ms)| {
                Box::pin(async move { outbox::release(tx, delivery, *now_ms).await.map(drop) })
            })
            .await
    }
}

fn first_eight(bytes: [u8; 32]) -> [u8; 8] {
    let mut first = [0; 8];
    first.copy_from_slice(&bytes[..8]);
    first
}

fn shortened(reason: &str) -> String {
    reason.chars().take(MAX_REASON_CHARS).collect()
}

fn report(delivery: &Delivery, next: &Next) {
    let (webhook, id) = (&delivery.subscriber_id, &delivery.id);
    match next {
        Next::Done => tracing::debug!(webhook, delivery = id, "delivered"),
        Next::Retry { reason, .. } => {
            tracing::info!(webhook, delivery = id, reason, "a delivery failed and will be tried again");
        }
        Next::GiveUp { reason } => tracing::warn!(webhook, delivery = id, reason, "a delivery was given up"),
    }
}
