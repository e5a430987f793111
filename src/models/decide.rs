//! `forebay models approve`, `reject` and `cancel`.

use forebay_client::Decision;
use forebay_wire::promotions::DecidePromotion;

use super::promote::tell;
use super::{Outcome, Session};
use crate::cli::DecideArgs;

pub(super) async fn run(session: &Session, decision: Decision, args: DecideArgs) -> anyhow::Result<Outcome> {
    let message = DecidePromotion { comment: args.comment };
    tell(session, session.client.decide_promotion(&args.id, decision, &message).await?)
}
