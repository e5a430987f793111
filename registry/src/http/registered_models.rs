//! Handlers of registered models.

use axum::extract::State;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::registered_models as wire;

use crate::{Registry, Result};

pub(super) async fn search(
    State(registry): State<Registry>,
    Message(req): Message<wire::SearchRegisteredModels>,
) -> Result<Pretty<wire::SearchRegisteredModelsResponse>> {
    let page = registry.search_registered_models(req.try_into()?).await?;
    Ok(Pretty(page.into()))
}
