//! Table `forebay_outbox`: deliveries that wait, each subscriber's in the order of its events.
//!
//! Who works on a row has moved its `next_attempt_ms` to a moment at which the row is free again; that moment is also
//! the proof of having it, for later statements.

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};

use crate::model::delivery::Delivery;
use crate::model::event_kind::Audience;

const INSERT: &str = "
    INSERT INTO forebay_outbox
        (delivery_id, subscriber_kind, subscriber_id, payload, created_ms, failed_attempts, next_attempt_ms) VALUES ";

/// The first waiting row of each subscriber. Subscribers are found by leaping through the index from one to the next,
/// so that a long queue costs no more than a short one.
const LIST_HEADS: &str = "
    WITH RECURSIVE subscribers (id) AS (
        SELECT MIN(subscriber_id) FROM forebay_outbox WHERE given_up_ms IS NULL
        UNION ALL
        SELECT (SELECT MIN(o.subscriber_id) FROM forebay_outbox o
                WHERE o.given_up_ms IS NULL AND o.subscriber_id > s.id)
        FROM subscribers s WHERE s.id IS NOT NULL
    )
    SELECT o.delivery_id, o.subscriber_kind, o.subscriber_id, o.payload, o.failed_attempts, o.next_attempt_ms
    FROM subscribers s
    JOIN forebay_outbox o ON o.sequence_number = (
        SELECT MIN(f.sequence_number) FROM forebay_outbox f
        WHERE f.given_up_ms IS NULL AND f.subscriber_id = s.id)
    ORDER BY o.next_attempt_ms, o.sequence_number LIMIT $1";

const CLAIM: &str = "
    UPDATE forebay_outbox SET next_attempt_ms = $3
    WHERE delivery_id = $1 AND next_attempt_ms = $2 AND given_up_ms IS NULL";

const RELEASE: &str = "
    UPDATE forebay_outbox SET next_attempt_ms = $3 WHERE delivery_id = $1 AND next_attempt_ms = $2";

const RETRY: &str = "
    UPDATE forebay_outbox SET failed_attempts = failed_attempts + 1, next_attempt_ms = $3, last_error = $4
    WHERE delivery_id = $1 AND next_attempt_ms = $2";

const GIVE_UP: &str = "
    UPDATE forebay_outbox SET failed_attempts = failed_attempts + 1, given_up_ms = $3, last_error = $4
    WHERE delivery_id = $1 AND next_attempt_ms = $2";

const DELETE: &str = "DELETE FROM forebay_outbox WHERE delivery_id = $1";

const DELETE_OF_SUBSCRIBER: &str =
    "DELETE FROM forebay_outbox WHERE subscriber_id = $1 AND given_up_ms IS NULL";

const EXPIRE: &str = "
    UPDATE forebay_outbox SET given_up_ms = $2, last_error = $3 WHERE created_ms < $1 AND given_up_ms IS NULL";

const PURGE: &str = "DELETE FROM forebay_outbox WHERE created_ms < $1";

/// Adds deliveries, which are due at once.
pub(crate) async fn insert(tx: &mut Tx, deliveries: &[Delivery]) -> Result<(), Error> {
    let rows = deliveries.iter().map(|delivery| {
        [
            (&delivery.id).into(),
            kind_of(delivery.audience).into(),
            (&delivery.subscriber_id).into(),
            (&delivery.payload).into(),
            delivery.next_attempt_ms.into(),
            delivery.failed_attempts.into(),
            delivery.next_attempt_ms.into(),
        ]
    });
    tx.insert(Insert { head: INSERT, tail: "" }, rows).await.map(drop)
}

/// Of each subscriber the delivery that is next, those that are due the longest first.
pub(crate) async fn list_heads(tx: &mut Tx, limit: i64) -> Result<Vec<Delivery>, Error> {
    let rows = tx.list::<DeliveryRow>(Sql::new(LIST_HEADS).bind(limit)).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Takes a delivery until that moment, unless somebody else did.
pub(crate) async fn claim(tx: &mut Tx, delivery: &Delivery, until_ms: i64) -> Result<bool, Error> {
    let sql = Sql::new(CLAIM).bind(&delivery.id).bind(delivery.next_attempt_ms).bind(until_ms);
    Ok(tx.run(sql).await? == 1)
}

/// Gives a delivery back that was not sent.
pub(crate) async fn release(tx: &mut Tx, delivery: &Delivery, now_ms: i64) -> Result<u64, Error> {
    tx.run(Sql::new(RELEASE).bind(&delivery.id).bind(delivery.next_attempt_ms).bind(now_ms)).await
}

pub(crate) async fn retry(tx: &mut Tx, delivery: &Delivery, at_ms: i64, reason: &str) -> Result<u64, Error> {
    let sql = Sql::new(RETRY).bind(&delivery.id).bind(delivery.next_attempt_ms).bind(at_ms).bind(reason);
    tx.run(sql).await
}

pub(crate) async fn give_up(
    tx: &mut Tx,
    delivery: &Delivery,
    now_ms: i64,
    reason: &str,
) -> Result<u64, Error> {
    let sql = Sql::new(GIVE_UP).bind(&delivery.id).bind(delivery.next_attempt_ms).bind(now_ms).bind(reason);
    tx.run(sql).await
}

/// Removes what was delivered, whoever has it now.
pub(crate) async fn delete(tx: &mut Tx, delivery_id: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE).bind(delivery_id)).await
}

/// Removes all that waits for a subscriber who is gone.
pub(crate) async fn delete_of_subscriber(tx: &mut Tx, subscriber_id: &str) -> Result<u64, Error> {
    tx.run(Sql::new(DELETE_OF_SUBSCRIBER).bind(subscriber_id)).await
}

/// Gives up what is older than `before_ms`.
pub(crate) async fn expire(tx: &mut Tx, before_ms: i64, now_ms: i64, reason: &str) -> Result<u64, Error> {
    tx.run(Sql::new(EXPIRE).bind(before_ms).bind(now_ms).bind(reason)).await
}

/// Removes what is older than `before_ms`.
pub(crate) async fn purge(tx: &mut Tx, before_ms: i64) -> Result<u64, Error> {
    tx.run(Sql::new(PURGE).bind(before_ms)).await
}

/// The name of a kind of subscribers, as in `migrations/`.
fn kind_of(audience: Audience) -> &'static str {
    match audience {
        Audience::Webhooks => "webhook",
        Audience::EventSubscriptions => "event_subscription",
    }
}

fn audience_of(kind: &str) -> Result<Audience, Error> {
    let audience = [Audience::Webhooks, Audience::EventSubscriptions]
        .into_iter()
        .find(|audience| kind_of(*audience) == kind);
    audience.ok_or_else(|| Error::Inconsistent { column: "subscriber_kind", reason: kind.to_owned() })
}

struct DeliveryRow(Delivery);

impl FromRow for DeliveryRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(DeliveryRow(Delivery {
            id: row.get("delivery_id")?,
            audience: audience_of(row.text("subscriber_kind")?)?,
            subscriber_id: row.get("subscriber_id")?,
            payload: row.get("payload")?,
            failed_attempts: row.get("failed_attempts")?,
            next_attempt_ms: row.get("next_attempt_ms")?,
        }))
    }
}
