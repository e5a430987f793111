//! Making a webhook.

use forebay_db as db;

use crate::model::event_kind::Audience;
use crate::model::sealed::SealedSecret;
use crate::model::webhook::{StoredWebhook, Webhook};
use crate::model::webhook_requests::NewWebhook;
use crate::model::webhook_url::UrlRules;
use crate::sql::subscribers;
use crate::{Registry, Result};

impl Registry {
    /// Makes a webhook whose host is a public one.
    pub(crate) async fn create_webhook(&self, audience: Audience, new: NewWebhook) -> Result<Webhook> {
        self.webhooks.resolver.check(&new.url).await?;
        let secret = match &new.secret {
            Some(secret) => Some(self.seal(&secret.0).await?),
            None => None,
        };
        let webhook = new.into_webhook(self.around.ids.uuid(), self.now_ms());
        let stored = StoredWebhook { webhook: webhook.clone(), secret };
        let inserted: Result<(), db::Error> = self
            .db
            .write((audience, stored), |tx, (audience, stored)| {
                Box::pin(subscribers::insert(tx, *audience, stored))
            })
            .await;
        inserted?;
        Ok(webhook)
    }

    /// Where webhooks may lead.
    pub(crate) fn url_rules(&self) -> &UrlRules {
        &self.webhooks.urls
    }

    pub(super) async fn seal(&self, secret: &str) -> Result<SealedSecret> {
        Ok(self.webhooks.keeper.seal(secret, self.now_ms(), &*self.around.ids).await?)
    }
}
