//! Who is told of an event, and in which order.

use forebay_core::ids::SequentialIds;
use forebay_db::{Db, Sql, for_each_db};
use forebay_wire::enumeration::WebhookStatus;
use serde_json::json;

use super::*;
use crate::model::event::PromotionAction;
use crate::model::event_kind::{Audience, EventKind};
use crate::model::webhook::{StoredWebhook, Webhook};

fn webhook(id: &str, events: &[EventKind], status: WebhookStatus) -> StoredWebhook {
    let webhook = Webhook {
        id: id.to_owned(),
        name: id.to_owned(),
        description: None,
        url: "https://receiver.example".to_owned(),
        events: events.to_vec(),
        status,
        creation_time_ms: Some(1),
        last_updated_time_ms: Some(1),
    };
    StoredWebhook { webhook, secret: None }
}

async fn add(db: &Db, audience: Audience, stored: StoredWebhook) {
    let added: Result<(), db::Error> = db
        .write((audience, stored), |tx, (audience, stored)| {
            Box::pin(subscribers::insert(tx, *audience, stored))
        })
        .await;
    added.unwrap();
}

async fn record_all(db: &Db, events: Vec<Event>) {
    let recorded: Result<(), db::Error> = db
        .write(events, |tx, events| {
            Box::pin(async move {
                let ids = SequentialIds::default();
                for (now_ms, event) in (10..).zip(events) {
                    record(tx, std::slice::from_ref(event), now_ms, &ids).await?;
                }
                Ok(())
            })
        })
        .await;
    recorded.unwrap();
}

async fn heads(db: &Db) -> Vec<Delivery> {
    outbox::list_heads(&mut db.read().await.unwrap(), 10).await.unwrap()
}

fn created(name: &str) -> Event {
    Event::model_created(name.to_owned(), Vec::new(), None)
}

async fn an_event_goes_to_each_active_subscriber_of_its_kind(db: Db) {
    let (model, prompt) = (EventKind::RegisteredModelCreated, EventKind::PromptCreated);
    add(&db, Audience::Webhooks, webhook("a", &[model, prompt], WebhookStatus::Active)).await;
    add(&db, Audience::Webhooks, webhook("b", &[model], WebhookStatus::Active)).await;
    add(&db, Audience::Webhooks, webhook("disabled", &[model], WebhookStatus::Disabled)).await;
    add(&db, Audience::Webhooks, webhook("other", &[prompt], WebhookStatus::Active)).await;
    add(&db, Audience::Webhooks, webhook("deleted", &[model], WebhookStatus::Active)).await;
    let gone: Result<(), db::Error> = db
        .write((), |tx, ()| Box::pin(subscribers::mark_deleted(tx, Audience::Webhooks, "deleted", 2)))
        .await;
    gone.unwrap();
    record_all(&db, vec![created("m")]).await;
    let heads = heads(&db).await;
    let subscribers: Vec<_> = heads.iter().map(|delivery| delivery.subscriber_id.as_str()).collect();
    assert_eq!(subscribers, ["a", "b"]);
    assert!(heads.iter().all(|delivery| delivery.payload.contains(r#""data": {"name": "m", "#)));
    assert_ne!(heads[0].id, heads[1].id);
}

async fn our_events_go_to_our_subscriptions_alone(db: Db) {
    let kind = EventKind::PromotionCompleted;
    add(&db, Audience::EventSubscriptions, webhook("a", &[kind], WebhookStatus::Active)).await;
    let event = Event::Promotion { action: PromotionAction::Completed, data: json!({"name": "m"}) };
    record_all(&db, vec![event, created("m")]).await;
    let heads = heads(&db).await;
    assert_eq!(heads.len(), 1);
    assert_eq!((heads[0].audience, heads[0].subscriber_id.as_str()), (Audience::EventSubscriptions, "a"));
    assert!(heads[0].payload.starts_with(r#"{"entity": "promotion", "action": "completed", "timestamp": "#));
}

async fn of_each_subscriber_only_the_first_event_is_next(db: Db) {
    for id in ["a", "b"] {
        add(
            &db,
            Audience::Webhooks,
            webhook(id, &[EventKind::RegisteredModelCreated], WebhookStatus::Active),
        )
        .await;
    }
    record_all(&db, vec![created("first"), created("second")]).await;
    let first = heads(&db).await;
    assert_eq!(first.len(), 2);
    assert!(first.iter().all(|delivery| delivery.payload.contains("first")), "{first:?}");
    let done: Result<u64, db::Error> =
        db.write(first[0].id.clone(), |tx, id| Box::pin(outbox::delete(tx, id))).await;
    assert_eq!(done.unwrap(), 1);
    // Times order those that are next; what waits behind one that failed is not among them.
    let second = heads(&db).await;
    assert_eq!((second[0].next_attempt_ms, second[1].next_attempt_ms), (10, 11));
    assert!(second[1].payload.contains("second") && second[1].subscriber_id == first[0].subscriber_id);
}

async fn a_delivery_is_taken_by_one_of_two_and_settled_by_who_has_it(db: Db) {
    add(&db, Audience::Webhooks, webhook("a", &[EventKind::RegisteredModelCreated], WebhookStatus::Active))
        .await;
    record_all(&db, vec![created("m")]).await;
    let seen = heads(&db).await.remove(0);
    for expected in [true, false] {
        let taken: Result<bool, db::Error> =
            db.write(seen.clone(), |tx, seen| Box::pin(outbox::claim(tx, seen, 500))).await;
        assert_eq!(taken.unwrap(), expected);
    }
    // Whose time is up does not overwrite what another one found out.
    let late: Result<u64, db::Error> =
        db.write(seen.clone(), |tx, seen| Box::pin(outbox::give_up(tx, seen, 600, "late"))).await;
    assert_eq!(late.unwrap(), 0);
    let taken = Delivery { next_attempt_ms: 500, ..seen };
    let retried: Result<u64, db::Error> =
        db.write(taken, |tx, taken| Box::pin(outbox::retry(tx, taken, 700, "busy"))).await;
    assert_eq!(retried.unwrap(), 1);
    let next = heads(&db).await.remove(0);
    assert_eq!((next.next_attempt_ms, next.failed_attempts), (700, 1));
}

async fn what_is_old_is_given_up_and_then_gone(db: Db) {
    add(&db, Audience::Webhooks, webhook("a", &[EventKind::RegisteredModelCreated], WebhookStatus::Active))
        .await;
    record_all(&db, vec![created("old"), created("new")]).await;
    let expired: Result<u64, db::Error> =
        db.write((), |tx, ()| Box::pin(outbox::expire(tx, 11, 100, "too old"))).await;
    assert_eq!(expired.unwrap(), 1);
    assert!(heads(&db).await[0].payload.contains("new"));
    let purged: Result<u64, db::Error> = db.write((), |tx, ()| Box::pin(outbox::purge(tx, 12))).await;
    assert_eq!(purged.unwrap(), 2);
    let mut tx = db.read().await.unwrap();
    let all = tx.find_cell::<i64>(Sql::new("SELECT COUNT(*) AS n FROM forebay_outbox"), "n").await;
    assert_eq!(all.unwrap(), Some(0));
}

for_each_db!(
    an_event_goes_to_each_active_subscriber_of_its_kind,
    our_events_go_to_our_subscriptions_alone,
    of_each_subscriber_only_the_first_event_is_next,
    a_delivery_is_taken_by_one_of_two_and_settled_by_who_has_it,
    what_is_old_is_given_up_and_then_gone,
);
