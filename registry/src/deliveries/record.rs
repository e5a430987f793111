//! Noting events for those who want to hear of it, in the transaction that makes them happen.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use forebay_core::ids::Ids;
use forebay_db::{self as db, Tx};

use crate::model::delivery::Delivery;
use crate::model::event::{self, Event};
use crate::model::event_kind::EventKind;
use crate::sql::{outbox, subscribers};

/// Writes a delivery of each event for each of its active subscribers. Where there is none it asks, and writes nothing.
///
/// Call it when the rows that the events are about are written: deliveries of one subscriber go out in the order in which
/// they were noted, and the locks on those rows make that the order of the changes.
pub(crate) async fn record(
    tx: &mut Tx,
    events: &[Event],
    now_ms: i64,
    ids: &dyn Ids,
) -> Result<(), db::Error> {
    let subscribed = subscribers_of(tx, events).await?;
    let mut deliveries = Vec::new();
    for event in events {
        let kind = event.kind();
        let Some(subscribers) = subscribed.get(&kind).filter(|subscribers| !subscribers.is_empty()) else {
            continue;
        };
        let payload = event::body(kind, &event.data(), now_ms);
        deliveries.extend(subscribers.iter().map(|subscriber_id| Delivery {
            id: ids.uuid(),
            audience: kind.audience(),
            subscriber_id: subscriber_id.clone(),
            payload: payload.clone(),
            failed_attempts: 0,
            next_attempt_ms: now_ms,
        }));
    }
    if deliveries.is_empty() {
        return Ok(());
    }
    outbox::insert(tx, &deliveries).await
}

/// Who wants to hear of each kind of these events.
async fn subscribers_of(
    tx: &mut Tx,
    events: &[Event],
) -> Result<BTreeMap<EventKind, Vec<String>>, db::Error> {
    let mut subscribed = BTreeMap::new();
    for kind in events.iter().map(Event::kind) {
        if let Entry::Vacant(unknown) = subscribed.entry(kind) {
            unknown.insert(subscribers::list_subscribed(tx, kind).await?);
        }
    }
    Ok(subscribed)
}

#[cfg(test)]
mod tests;
