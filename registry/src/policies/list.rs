//! Listing the policies that are in force.

use crate::model::kept_policy::KeptPolicy;
use crate::model::promotion_requests::NamedPolicies;
use crate::sql::promotion_policies;
use crate::{Registry, Result};

impl Registry {
    /// The policies of all models, of one, or of one of its aliases or stages.
    pub(crate) async fn list_policies(&self, req: &NamedPolicies) -> Result<Vec<KeptPolicy>> {
        let mut policies = promotion_policies::list(&mut self.db.read().await?, req.name.as_deref()).await?;
        policies.retain(|kept| req.target.as_ref().is_none_or(|target| kept.target == *target));
        Ok(policies)
    }
}
