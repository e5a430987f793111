//! `forebay models rollback`.

use forebay_wire::promotions::RollBack;

use super::promote::tell;
use super::{Outcome, Session};
use crate::cli::RollbackArgs;

pub(super) async fn run(session: &Session, args: RollbackArgs) -> anyhow::Result<Outcome> {
    let message = RollBack {
        name: Some(args.name),
        alias: args.holder.alias,
        stage: args.holder.stage,
        reason: args.reason,
    };
    tell(session, session.client.roll_back(&message).await?)
}
