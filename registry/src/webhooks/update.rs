//! Changing a webhook.

use forebay_db::Tx;

use crate::model::event_kind::Audience;
use crate::model::sealed::SealedSecret;
use crate::model::webhook::Webhook;
use crate::model::webhook_requests::{SecretChange, WebhookChanges};
use crate::sql::subscribers;
use crate::{Error, Registry, Result};

struct Update {
    audience: Audience,
    id: String,
    changes: WebhookChanges,
    /// The new secret, if the changes set one.
    sealed: Option<SealedSecret>,
    now_ms: i64,
}

impl Registry {
    /// Changes what the request names. A new host must be a public one.
    pub(crate) async fn update_webhook(
        &self,
        audience: Audience,
        id: String,
        changes: WebhookChanges,
    ) -> Result<Webhook> {
        if let Some(url) = &changes.url {
            self.webhooks.resolver.check(url).await?;
        }
        let sealed = match &changes.secret {
            SecretChange::Set(secret) => Some(self.seal(&secret.0).await?),
            SecretChange::Keep | SecretChange::Remove => None,
        };
        let update = Update { audience, id, changes, sealed, now_ms: self.now_ms() };
        self.db.write(update, |tx, update| Box::pin(apply(tx, update))).await
    }
}

async fn apply(tx: &mut Tx, update: &Update) -> Result<Webhook> {
    let found = subscribers::find_locked(tx, update.audience, &update.id).await?;
    let mut stored = found.ok_or_else(|| Error::no_webhook(update.audience, update.id.clone()))?;
    update.changes.apply_to(&mut stored.webhook, update.now_ms);
    match update.changes.secret {
        SecretChange::Keep => {}
        SecretChange::Remove | SecretChange::Set(_) => stored.secret.clone_from(&update.sealed),
    }
    subscribers::update(tx, update.audience, &stored).await?;
    if update.changes.events.is_some() {
        subscribers::replace_events(tx, update.audience, &stored.webhook).await?;
    }
    Ok(stored.webhook)
}
