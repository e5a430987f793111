//! Listing the policies that are in force.

use crate::model::kept_policy::KeptPolicy;
use crate::model::promotion_requests::NamedPolicies;
use crate::sql::promotion_policies;
use crate::{Registry, Result};

impl Registry {
    /// The policies of all models, of one, or of one of its aliases or stages.
    pub(crate) async fn list_policies(&self, req: &NamedPolicies) -> Result<Vec<KeptPolicy>> {
        let mut tx = self.db.read_once().await?;
        Ok(promotion_policies::list(&mut tx, req.name.as_deref(), req.target.as_ref()).await?)
    }
}
