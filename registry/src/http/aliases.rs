//! Handlers of aliases.

use axum::extract::State;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::empty::Empty;
use forebay_wire::model_versions::ModelVersionResponse;
use forebay_wire::registered_models as wire;

use super::caller::Caller;
use super::model_versions::one;
use crate::model::alias::SetAlias;
use crate::{Registry, Result};

pub(super) async fn set(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::SetRegisteredModelAlias>,
) -> Result<Pretty<Empty>> {
    registry.set_alias(SetAlias::from_wire(req, registry.columns)?, registry.moment(caller)).await?;
    Ok(Pretty(Empty {}))
}

pub(super) async fn get(
    State(registry): State<Registry>,
    Message(req): Message<wire::NamedAlias>,
) -> Result<Pretty<ModelVersionResponse>> {
    Ok(one(registry.get_by_alias(req.try_into()?).await?))
}

pub(super) async fn delete(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::NamedAlias>,
) -> Result<Pretty<Empty>> {
    registry.delete_alias(req.try_into()?, registry.moment(caller)).await?;
    Ok(Pretty(Empty {}))
}
