//! Following aliases and stages: when one stands for another version, that one is loaded, and answers when it is warm. A
//! model that has lost all of its engines is started anew.

use std::sync::Arc;
use std::time::Duration;

use forebay_serving::{Fallback, Models, ServedModel};
use tokio::task::JoinSet;

use super::named::NamedModel;
use super::start::Starter;

/// How often to look whether a model that was replaced is still asked.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks every `pause` at what may have moved or broken down, for ever. A registry that does not answer, or a version that cannot be
/// loaded, changes nothing: what is served stays.
pub(super) async fn follow(
    starter: &Starter,
    named: &[NamedModel],
    models: &Models,
    pause: Duration,
) -> anyhow::Result<()> {
    if pause.is_zero() {
        return std::future::pending().await;
    }
    let mut retiring = JoinSet::new();
    loop {
        tokio::time::sleep(pause).await;
        for model in named {
            match look(starter, model, models).await {
                Ok(Some(before)) => drop(retiring.spawn(retire(before))),
                Ok(None) => {}
                Err(error) => tracing::warn!("model '{}' stays as it is: {error:#}", model.name),
            }
        }
        while retiring.try_join_next().is_some() {}
    }
}

/// Looks at one model, and gives back what was replaced.
async fn look(
    starter: &Starter,
    model: &NamedModel,
    models: &Models,
) -> anyhow::Result<Option<Arc<ServedModel>>> {
    let present = models.find(&model.name)?;
    let fallback = if let Some(trouble) = present.endpoint.trouble() {
        // Its files may be gone, and are fetched again.
        tracing::warn!("model '{}' is started anew: {trouble}", model.name);
        Fallback::LastKnown
    } else if model.uri.may_move() {
        let identity = starter.origins.origins().resolve(&model.uri).await?;
        if (&identity.name, identity.version) == (&present.identity.name, present.identity.version) {
            return Ok(None);
        }
        tracing::info!("{} stands for another version now", model.uri);
        // What it stood for last is served already.
        Fallback::Pinned
    } else {
        return Ok(None);
    };
    drop(present);
    Ok(models.put(starter.start(model, fallback).await?))
}

/// Ends a model when nobody asks it any more.
async fn retire(before: Arc<ServedModel>) {
    while Arc::strong_count(&before) > 1 {
        tokio::time::sleep(PAUSE).await;
    }
    before.endpoint.close().await;
}
