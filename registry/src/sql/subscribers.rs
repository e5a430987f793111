//! Who is sent events: the rows of two pairs of tables that are alike, MLflow's webhooks and our event subscriptions.

use std::collections::HashMap;

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};
use forebay_wire::enumeration::WebhookStatus;

use super::{KEYS_PER_STATEMENT, event_subscriptions, webhooks};
use crate::model::event_kind::{Audience, EventKind};
use crate::model::sealed::SealedSecret;
use crate::model::webhook::{StoredWebhook, Webhook};

/// The statements on one pair of tables; `id` is the name of its key in all rows.
pub(super) struct Statements {
    pub(super) insert: &'static str,
    pub(super) insert_events: &'static str,
    pub(super) find: &'static str,
    pub(super) list: &'static str,
    pub(super) list_events: &'static str,
    pub(super) update: &'static str,
    pub(super) delete_events: &'static str,
    pub(super) mark_deleted: &'static str,
    pub(super) list_subscribed: &'static str,
}

impl Audience {
    fn statements(self) -> &'static Statements {
        match self {
            Audience::Webhooks => &webhooks::STATEMENTS,
            Audience::EventSubscriptions => &event_subscriptions::STATEMENTS,
        }
    }
}

pub(crate) async fn insert(tx: &mut Tx, audience: Audience, stored: &StoredWebhook) -> Result<(), Error> {
    let webhook = &stored.webhook;
    let sql = Sql::new(audience.statements().insert)
        .bind(&webhook.id)
        .bind(&webhook.name)
        .bind(webhook.description.clone())
        .bind(&webhook.url)
        .bind(webhook.status.as_str())
        .bind(stored.secret.as_ref().map(SealedSecret::as_str))
        .bind(webhook.creation_time_ms)
        .bind(webhook.last_updated_time_ms);
    tx.run(sql).await?;
    insert_events(tx, audience, webhook).await
}

async fn insert_events(tx: &mut Tx, audience: Audience, webhook: &Webhook) -> Result<(), Error> {
    let head = audience.statements().insert_events;
    let rows =
        webhook.events.iter().map(|kind| [(&webhook.id).into(), kind.entity().into(), kind.action().into()]);
    tx.insert(Insert { head, tail: "" }, rows).await.map(drop)
}

/// What is not deleted, with its events.
pub(crate) async fn find(tx: &mut Tx, audience: Audience, id: &str) -> Result<Option<StoredWebhook>, Error> {
    find_with(tx, audience, Sql::new(audience.statements().find).bind(id)).await
}

/// As [`find`], for who is about to change it.
pub(crate) async fn find_locked(
    tx: &mut Tx,
    audience: Audience,
    id: &str,
) -> Result<Option<StoredWebhook>, Error> {
    let mut sql = Sql::new(audience.statements().find).bind(id);
    sql.push(tx.engine().lock_exclusive());
    find_with(tx, audience, sql).await
}

async fn find_with(tx: &mut Tx, audience: Audience, sql: Sql) -> Result<Option<StoredWebhook>, Error> {
    let Some(StoredRow(stored)) = tx.find(sql).await? else { return Ok(None) };
    let mut found = vec![stored];
    add_events(tx, audience, &mut found).await?;
    Ok(found.pop())
}

/// The newest first.
pub(crate) async fn list(
    tx: &mut Tx,
    audience: Audience,
    limit: i64,
    offset: i64,
) -> Result<Vec<StoredWebhook>, Error> {
    let sql = Sql::new(audience.statements().list).bind(limit).bind(offset);
    let mut found: Vec<_> = tx.list::<StoredRow>(sql).await?.into_iter().map(|row| row.0).collect();
    add_events(tx, audience, &mut found).await?;
    Ok(found)
}

/// Events of a later release of MLflow, which have no name here, are left out.
async fn add_events(tx: &mut Tx, audience: Audience, found: &mut [StoredWebhook]) -> Result<(), Error> {
    for found in found.chunks_mut(KEYS_PER_STATEMENT) {
        let mut sql = Sql::new(audience.statements().list_events);
        sql.push_list(found.iter().map(|stored| &stored.webhook.id)).push(")");
        let mut events: HashMap<String, Vec<EventKind>> = HashMap::new();
        for EventRow(id, kind) in tx.list::<EventRow>(sql).await? {
            events.entry(id).or_default().extend(kind);
        }
        for StoredWebhook { webhook, .. } in found {
            webhook.events = events.remove(&webhook.id).unwrap_or_default();
            webhook.events.sort_unstable();
        }
    }
    Ok(())
}

/// Writes everything but the events and the time of creation.
pub(crate) async fn update(tx: &mut Tx, audience: Audience, stored: &StoredWebhook) -> Result<(), Error> {
    let webhook = &stored.webhook;
    let sql = Sql::new(audience.statements().update)
        .bind(&webhook.id)
        .bind(&webhook.name)
        .bind(webhook.description.clone())
        .bind(&webhook.url)
        .bind(webhook.status.as_str())
        .bind(stored.secret.as_ref().map(SealedSecret::as_str))
        .bind(webhook.last_updated_time_ms);
    tx.run(sql).await.map(drop)
}

pub(crate) async fn replace_events(tx: &mut Tx, audience: Audience, webhook: &Webhook) -> Result<(), Error> {
    tx.run(Sql::new(audience.statements().delete_events).bind(&webhook.id)).await?;
    insert_events(tx, audience, webhook).await
}

pub(crate) async fn mark_deleted(
    tx: &mut Tx,
    audience: Audience,
    id: &str,
    now_ms: i64,
) -> Result<(), Error> {
    tx.run(Sql::new(audience.statements().mark_deleted).bind(id).bind(now_ms)).await.map(drop)
}

/// Whether there are active webhooks.
pub(crate) async fn has_webhooks(tx: &mut Tx) -> Result<bool, Error> {
    Ok(tx.find_cell::<i64>(Sql::new(webhooks::FIND_ACTIVE), "one").await?.is_some())
}

/// The ids of the active ones that want events of this kind.
pub(crate) async fn list_subscribed(tx: &mut Tx, kind: EventKind) -> Result<Vec<String>, Error> {
    let sql = Sql::new(kind.audience().statements().list_subscribed).bind(kind.entity()).bind(kind.action());
    Ok(tx.list::<IdRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

struct StoredRow(StoredWebhook);

impl FromRow for StoredRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        let status: String = row.get("status")?;
        let status = WebhookStatus::from_name(&status)
            .ok_or_else(|| Error::Inconsistent { column: "status", reason: status })?;
        let webhook = Webhook {
            id: row.get("id")?,
            name: row.get("name")?,
            description: row.get("description")?,
            url: row.get("url")?,
            events: Vec::new(),
            status,
            creation_time_ms: row.get("creation_timestamp")?,
            last_updated_time_ms: row.get("last_updated_timestamp")?,
        };
        Ok(StoredRow(StoredWebhook {
            webhook,
            secret: row.get::<Option<String>>("secret")?.map(SealedSecret::new),
        }))
    }
}

struct EventRow(String, Option<EventKind>);

impl FromRow for EventRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(EventRow(row.get("id")?, EventKind::find(row.text("entity")?, row.text("action")?)))
    }
}

struct IdRow(String);

impl FromRow for IdRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("id").map(IdRow)
    }
}
