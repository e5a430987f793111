//! Handlers of webhooks.

use axum::extract::{Path, State};
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::empty::Empty;
use forebay_wire::webhooks as wire;

use crate::model::event_kind::Audience;
use crate::model::webhook_requests::{NewWebhook, TestEvent, WebhookChanges};
use crate::{Registry, Result};

const AUDIENCE: Audience = Audience::Webhooks;

pub(super) async fn create(
    State(registry): State<Registry>,
    Message(req): Message<wire::CreateWebhook>,
) -> Result<Pretty<wire::WebhookResponse>> {
    let new = NewWebhook::of_webhook(req, registry.url_rules(), registry.columns)?;
    Ok(Pretty(registry.create_webhook(AUDIENCE, new).await?.into()))
}

pub(super) async fn list(
    State(registry): State<Registry>,
    Message(req): Message<wire::ListWebhooks>,
) -> Result<Pretty<wire::ListWebhooksResponse>> {
    Ok(Pretty(registry.list_webhooks(AUDIENCE, req.try_into()?).await?.into()))
}

pub(super) async fn get(
    State(registry): State<Registry>,
    Path(id): Path<String>,
) -> Result<Pretty<wire::WebhookResponse>> {
    Ok(Pretty(registry.get_webhook(AUDIENCE, id).await?.into()))
}

pub(super) async fn update(
    State(registry): State<Registry>,
    Path(id): Path<String>,
    Message(req): Message<wire::UpdateWebhook>,
) -> Result<Pretty<wire::WebhookResponse>> {
    let changes = WebhookChanges::of_webhook(req, registry.url_rules(), registry.columns)?;
    Ok(Pretty(registry.update_webhook(AUDIENCE, id, changes).await?.into()))
}

pub(super) async fn delete(
    State(registry): State<Registry>,
    Path(id): Path<String>,
) -> Result<Pretty<Empty>> {
    registry.delete_webhook(AUDIENCE, id).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn test(
    State(registry): State<Registry>,
    Path(id): Path<String>,
    Message(req): Message<wire::TestWebhook>,
) -> Result<Pretty<wire::TestWebhookResponse>> {
    let TestEvent(event) = req.try_into()?;
    Ok(Pretty(registry.test_webhook(AUDIENCE, id, event).await?.into()))
}
