//! Handlers of promotions and their history.

use axum::extract::{Path, State};
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::promotions as wire;

use super::caller::Caller;
use crate::model::promotion::Promotion;
use crate::model::promotion_requests::comment;
use crate::{Registry, Result};

pub(super) async fn request(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::RequestPromotion>,
) -> Result<Pretty<wire::PromotionResponse>> {
    Ok(one(registry.request_promotion(req.try_into()?, registry.moment(caller)).await?))
}

pub(super) async fn get(
    State(registry): State<Registry>,
    Path(id): Path<String>,
) -> Result<Pretty<wire::PromotionResponse>> {
    Ok(one(registry.get_promotion(&id).await?))
}

pub(super) async fn list(
    State(registry): State<Registry>,
    Message(req): Message<wire::ListPromotions>,
) -> Result<Pretty<wire::ListPromotionsResponse>> {
    Ok(Pretty(registry.list_promotions(req.try_into()?).await?))
}

pub(super) async fn approve(
    State(registry): State<Registry>,
    Path(id): Path<String>,
    caller: Caller,
    Message(req): Message<wire::DecidePromotion>,
) -> Result<Pretty<wire::PromotionResponse>> {
    Ok(one(registry.approve_promotion(id, comment(req)?, registry.moment(caller)).await?))
}

pub(super) async fn reject(
    State(registry): State<Registry>,
    Path(id): Path<String>,
    caller: Caller,
    Message(req): Message<wire::DecidePromotion>,
) -> Result<Pretty<wire::PromotionResponse>> {
    Ok(one(registry.reject_promotion(id, comment(req)?, registry.moment(caller)).await?))
}

pub(super) async fn cancel(
    State(registry): State<Registry>,
    Path(id): Path<String>,
    caller: Caller,
    Message(req): Message<wire::DecidePromotion>,
) -> Result<Pretty<wire::PromotionResponse>> {
    Ok(one(registry.cancel_promotion(id, comment(req)?, registry.moment(caller)).await?))
}

pub(super) async fn roll_back(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::RollBack>,
) -> Result<Pretty<wire::PromotionResponse>> {
    Ok(one(registry.roll_back(req.try_into()?, registry.moment(caller)).await?))
}

pub(super) async fn history(
    State(registry): State<Registry>,
    Message(req): Message<wire::GetPromotionHistory>,
) -> Result<Pretty<wire::GetPromotionHistoryResponse>> {
    Ok(Pretty(registry.get_history(req.try_into()?).await?.into()))
}

fn one(promotion: Promotion) -> Pretty<wire::PromotionResponse> {
    Pretty(wire::PromotionResponse { promotion: Some(promotion.into()) })
}
