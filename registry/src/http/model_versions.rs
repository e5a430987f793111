//! Handlers of model versions.

use axum::extract::State;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::model_versions as wire;

use crate::{Registry, Result};

pub(super) async fn search(
    State(registry): State<Registry>,
    Message(req): Message<wire::SearchModelVersions>,
) -> Result<Pretty<wire::SearchModelVersionsResponse>> {
    Ok(Pretty(registry.search_model_versions(req).await?))
}
