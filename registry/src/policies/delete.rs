//! Deleting a policy, which is one more version of it.

use forebay_db::Tx;

use super::apply::check_user;
use crate::model::history::{Entry, Kind};
use crate::model::kept_policy::KeptPolicy;
use crate::model::promotion_requests::DeletePolicy;
use crate::moment::Moment;
use crate::promotions::{moves, record};
use crate::sql::promotion_policies;
use crate::{Error, Registry, Result};

impl Registry {
    /// Deletes a policy; promotions that wait under one are cancelled.
    ///
    /// # Errors
    /// [`Error::PolicyNotFound`], and [`Error::UnknownUser`] for one that asks for approvals.
    pub(crate) async fn delete_policy(&self, req: DeletePolicy, moment: Moment) -> Result<()> {
        self.db.write_snapshot((req, moment), |tx, (req, moment)| Box::pin(delete(tx, req, moment))).await
    }
}

async fn delete(tx: &mut Tx, req: &DeletePolicy, moment: &Moment) -> Result<()> {
    promotion_policies::lock(tx).await?;
    let DeletePolicy { name, target } = req;
    let last = promotion_policies::find_last(tx, name, target).await?;
    let Some(last) = last.filter(|last| last.policy.is_some()) else {
        return Err(Error::PolicyNotFound { name: name.clone(), target: target.to_string() });
    };
    check_user(Some(&last), moment)?;
    let gone = KeptPolicy {
        version: last.version + 1,
        policy: None,
        created_ms: moment.now_ms,
        created_by: moment.user.clone(),
        ..last
    };
    promotion_policies::insert(tx, &gone).await?;
    let entry = Entry {
        policy_version: Some(gone.version),
        ..Entry::new(Kind::PolicyDeleted, name, target, moment.now_ms)
    };
    moves::note(tx, entry, moment).await?;
    record::cancel_pending(
        tx,
        name,
        |promotion| promotion.subject.target == *target,
        "the policy was deleted",
        moment,
    )
    .await
}
