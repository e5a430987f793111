//! Handlers of promotion policies.

use axum::extract::State;
use forebay_core::invalid::Invalid;
use forebay_web::message::Message;
use forebay_web::response::Pretty;
use forebay_wire::empty::Empty;
use forebay_wire::promotions as wire;

use super::caller::Caller;
use crate::model::kept_policy::KeptPolicy;
use crate::model::policy::file::parse_file;
use crate::{Registry, Result};

pub(super) async fn apply(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::ApplyPromotionPolicies>,
) -> Result<Pretty<wire::PromotionPoliciesResponse>> {
    let policies = parse_file(&req.yaml.ok_or_else(|| Invalid::missing("yaml"))?)?;
    let applied = registry.apply_policies(policies, registry.moment(caller)).await?;
    let policies = applied.into_iter().map(|applied| kept(applied.kept, applied.is_unchanged)).collect();
    Ok(Pretty(wire::PromotionPoliciesResponse { policies }))
}

pub(super) async fn list(
    State(registry): State<Registry>,
    Message(req): Message<wire::NamedPolicies>,
) -> Result<Pretty<wire::PromotionPoliciesResponse>> {
    let policies = registry.list_policies(&req.try_into()?).await?;
    let policies = policies.into_iter().map(|policy| kept(policy, true)).collect();
    Ok(Pretty(wire::PromotionPoliciesResponse { policies }))
}

pub(super) async fn delete(
    State(registry): State<Registry>,
    caller: Caller,
    Message(req): Message<wire::NamedPolicies>,
) -> Result<Pretty<Empty>> {
    registry.delete_policy(req.try_into()?, registry.moment(caller)).await?;
    Ok(Pretty(Empty {}))
}

fn kept(policy: KeptPolicy, is_unchanged: bool) -> wire::KeptPolicy {
    let (alias, stage) = policy.target.into_parts();
    wire::KeptPolicy {
        name: Some(policy.name),
        alias,
        stage,
        version: Some(policy.version.into()),
        is_unchanged: Some(is_unchanged),
        creation_timestamp: Some(policy.created_ms.into()),
        created_by: policy.created_by,
        yaml: policy.policy.map(|policy| policy.to_yaml()),
    }
}
