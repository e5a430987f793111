//! Applying a file of policies: all of them, or none.

use forebay_core::invalid::Invalid;
use forebay_db::Tx;

use crate::model::history::{Entry, Kind};
use crate::model::kept_policy::KeptPolicy;
use crate::model::policy::Policy;
use crate::moment::Moment;
use crate::promotions::moves;
use crate::sql::promotion_policies;
use crate::{Error, Registry, Result};

/// A policy as it is kept, and whether it was kept so before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    pub(crate) kept: KeptPolicy,
    pub(crate) is_unchanged: bool,
}

impl Registry {
    /// Keeps policies, each as a new version where it changed.
    ///
    /// # Errors
    /// [`Error::Invalid`] for one that needs approvals where nobody knows who asks, and [`Error::UnknownUser`] when one that
    /// needs approvals would change.
    pub(crate) async fn apply_policies(&self, policies: Vec<Policy>, moment: Moment) -> Result<Vec<Applied>> {
        if self.config.user_header.is_none() {
            check_no_approvals(&policies)?;
        }
        let input = (policies, moment);
        self.db.write_snapshot(input, |tx, (policies, moment)| Box::pin(apply(tx, policies, moment))).await
    }
}

fn check_no_approvals(policies: &[Policy]) -> Result<(), Invalid> {
    match policies.iter().find(|policy| policy.approvals() > 0) {
        Some(policy) => Err(Invalid::message(format!(
            "The policy for {} of registered model '{}' needs {} approvals, but this server does not know who its \
             users are: start it with --trusted-user-header and an authenticating proxy in front of it.",
            policy.target(),
            policy.model(),
            policy.approvals()
        ))),
        None => Ok(()),
    }
}

/// A policy that asks for approvals is not changed by somebody whom nobody knows.
pub(super) fn check_user(last: Option<&KeptPolicy>, moment: &Moment) -> Result<()> {
    let approvals = last.and_then(|kept| kept.policy.as_ref()).map_or(0, Policy::approvals);
    if approvals > 0 && moment.user.is_none() {
        return Err(Error::UnknownUser("to change a policy that asks for approvals"));
    }
    Ok(())
}

async fn apply(tx: &mut Tx, policies: &[Policy], moment: &Moment) -> Result<Vec<Applied>> {
    promotion_policies::lock(tx).await?;
    let mut applied = Vec::with_capacity(policies.len());
    for policy in policies {
        applied.push(apply_one(tx, policy, moment).await?);
    }
    Ok(applied)
}

async fn apply_one(tx: &mut Tx, policy: &Policy, moment: &Moment) -> Result<Applied> {
    let last = promotion_policies::find_last(tx, policy.model(), policy.target()).await?;
    if let Some(kept) = last.as_ref().filter(|kept| kept.policy.as_ref() == Some(policy)) {
        return Ok(Applied { kept: kept.clone(), is_unchanged: true });
    }
    check_user(last.as_ref(), moment)?;
    let kept = KeptPolicy {
        name: policy.model().to_owned(),
        target: policy.target().clone(),
        version: last.map_or(1, |last| last.version + 1),
        policy: Some(policy.clone()),
        created_ms: moment.now_ms,
        created_by: moment.user.clone(),
    };
    promotion_policies::insert(tx, &kept).await?;
    let entry = Entry {
        policy_version: Some(kept.version),
        ..Entry::new(Kind::PolicyApplied, &kept.name, &kept.target, moment.now_ms)
    };
    moves::note(tx, entry, moment).await?;
    Ok(Applied { kept, is_unchanged: false })
}
