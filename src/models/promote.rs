//! `forebay models promote`.

use forebay_wire::promotions::{Promotion, PromotionResponse, RequestPromotion};

use super::promotion::{next_step, outcome, text};
use super::{Outcome, Session};
use crate::cli::PromoteArgs;

pub(super) async fn run(session: &Session, args: PromoteArgs) -> anyhow::Result<Outcome> {
    let message = RequestPromotion {
        name: Some(args.name),
        version: Some(args.version.to_string()),
        alias: args.target.to,
        stage: args.target.to_stage,
        reason: args.reason,
        dry_run: Some(args.dry_run),
        is_override: Some(args.is_override),
    };
    tell(session, session.client.request_promotion(&message).await?)
}

/// Shows a promotion, and ends as it did.
pub(super) fn tell(session: &Session, promotion: Promotion) -> anyhow::Result<Outcome> {
    let outcome = outcome(&promotion);
    let answer = PromotionResponse { promotion: Some(promotion) };
    session.output.show(&answer, || {
        let promotion = answer.promotion.as_ref();
        let step = promotion.and_then(next_step).map(|step| format!("\n{step}"));
        promotion.map(text).unwrap_or_default() + &step.unwrap_or_default()
    })?;
    outcome
}
