//! `forebay models promotions` and `promotion`.

use forebay_wire::promotions::{ListPromotions, ListPromotionsResponse, Promotion, PromotionResponse};

use super::promotion::{next_step, text};
use super::{Outcome, Session};
use crate::cli::{PromotionIdArgs, PromotionStatus, PromotionsArgs};
use crate::shell::output::tell_of_more;
use crate::shell::table::Table;
use crate::shell::words::{holder, utc};

pub(super) async fn list(session: &Session, args: PromotionsArgs) -> anyhow::Result<Outcome> {
    let question = ListPromotions {
        name: args.name,
        status: wire_status(args.status).map(str::to_owned),
        ..ListPromotions::default()
    };
    let found = session.client.list_promotions(question).collect(args.limit.limit).await?;
    let answer = ListPromotionsResponse { promotions: found.items, next_page_token: None };
    session.output.show(&answer, || table(&answer.promotions).to_string())?;
    tell_of_more(found.has_more);
    Ok(Outcome::Done)
}

/// Shows one promotion. Whatever became of it, showing it succeeded.
pub(super) async fn show(session: &Session, args: PromotionIdArgs) -> anyhow::Result<Outcome> {
    let promotion = session.client.get_promotion(&args.id).await?;
    let step = next_step(&promotion).map(|step| format!("\n{step}")).unwrap_or_default();
    let text = text(&promotion) + &step;
    session.output.show(&PromotionResponse { promotion: Some(promotion) }, || text)?;
    Ok(Outcome::Done)
}

fn wire_status(status: PromotionStatus) -> Option<&'static str> {
    match status {
        PromotionStatus::Pending => Some("PENDING"),
        PromotionStatus::Completed => Some("COMPLETED"),
        PromotionStatus::Refused => Some("REFUSED"),
        PromotionStatus::Rejected => Some("REJECTED"),
        PromotionStatus::Cancelled => Some("CANCELLED"),
        PromotionStatus::All => None,
    }
}

fn table(promotions: &[Promotion]) -> Table {
    let mut table =
        Table::new(["ID", "MODEL", "TARGET", "FROM", "TO", "STATUS", "BY", "REQUESTED", "APPROVALS"]);
    for promotion in promotions {
        let given = promotion.approvals.iter().filter(|approval| approval.counts != Some(false)).count();
        let required = promotion.required_approvals.map_or(0, |number| number.0);
        table.row([
            promotion.promotion_id.clone().into(),
            promotion.name.clone().into(),
            holder(promotion.alias.as_deref(), promotion.stage.as_deref()).into(),
            promotion.previous_version.clone().into(),
            promotion.version.clone().into(),
            promotion.status.clone().into(),
            promotion.requested_by.clone().into(),
            utc(promotion.creation_timestamp).into(),
            format!("{given} of {required}").into(),
        ]);
    }
    table
}
