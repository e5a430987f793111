//! Listing webhooks.

use forebay_core::page;

use crate::model::event_kind::Audience;
use crate::model::webhook::WebhookPage;
use crate::model::webhook_requests::ListWebhooks;
use crate::sql::subscribers;
use crate::{Registry, Result};

impl Registry {
    /// A page of webhooks, the newest first.
    pub(crate) async fn list_webhooks(&self, audience: Audience, req: ListWebhooks) -> Result<WebhookPage> {
        let mut tx = self.db.read().await?;
        let mut found = subscribers::list(&mut tx, audience, req.max_results + 1, req.offset).await?;
        let next_offset = page::cut(&mut found, req.max_results, req.offset);
        let webhooks = found.into_iter().map(|stored| stored.webhook).collect();
        Ok(WebhookPage { webhooks, next_offset })
    }
}
