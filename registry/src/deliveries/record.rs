//! Noting an event for those who want to hear of it, in the transaction that makes it happen.

use forebay_core::ids::Ids;
use forebay_db::{self as db, Tx};

use crate::model::delivery::Delivery;
use crate::model::event::{self, Event};
use crate::sql::{outbox, subscribers};

/// Writes a delivery for each active subscriber of the event. Where there is none it asks, and writes nothing.
///
/// Call it when the rows that the event is about are written: deliveries of one subscriber go out in the order in which
/// they were noted, and the locks on those rows make that the order of the changes.
pub(crate) async fn record(tx: &mut Tx, event: &Event, now_ms: i64, ids: &dyn Ids) -> Result<(), db::Error> {
    let kind = event.kind();
    let subscribers = subscribers::list_subscribed(tx, kind).await?;
    if subscribers.is_empty() {
        return Ok(());
    }
    let payload = event::body(kind, &event.data(), now_ms);
    let deliveries: Vec<_> = subscribers
        .into_iter()
        .map(|subscriber_id| Delivery {
            id: ids.uuid(),
            audience: kind.audience(),
            subscriber_id,
            payload: payload.clone(),
            failed_attempts: 0,
            next_attempt_ms: now_ms,
        })
        .collect();
    outbox::insert(tx, &deliveries).await
}

#[cfg(test)]
mod tests;
