//! Reading one webhook.

use crate::model::event_kind::Audience;
use crate::model::webhook::{StoredWebhook, Webhook};
use crate::sql::subscribers;
use crate::{Error, Registry, Result};

impl Registry {
    /// The webhook with that id, unless it is deleted.
    pub(crate) async fn get_webhook(&self, audience: Audience, id: String) -> Result<Webhook> {
        Ok(self.get_stored_webhook(audience, id).await?.webhook)
    }

    pub(super) async fn get_stored_webhook(&self, audience: Audience, id: String) -> Result<StoredWebhook> {
        let mut tx = self.db.read().await?;
        subscribers::find(&mut tx, audience, &id).await?.ok_or_else(|| Error::no_webhook(audience, id))
    }
}
