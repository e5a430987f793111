//! Deleting a webhook.

use crate::model::event_kind::Audience;
use crate::sql::{outbox, subscribers};
use crate::{Error, Registry, Result};

impl Registry {
    /// Marks a webhook deleted, as MLflow does, and forgets what waits for it.
    pub(crate) async fn delete_webhook(&self, audience: Audience, id: String) -> Result<()> {
        let now_ms = self.now_ms();
        self.db
            .write((audience, id, now_ms), |tx, (audience, id, now_ms)| {
                Box::pin(async move {
                    let found = subscribers::find_locked(tx, *audience, id).await?;
                    found.ok_or_else(|| Error::no_webhook(*audience, id.clone()))?;
                    subscribers::mark_deleted(tx, *audience, id, *now_ms).await?;
                    outbox::delete_of_subscriber(tx, id).await?;
                    Ok(())
                })
            })
            .await
    }
}
