//! The policies by which promotions are judged; Forebay's own, like these.

use forebay_wire::empty::Empty;
use forebay_wire::promotions::{
    ApplyPromotionPolicies, KeptPolicy, NamedPolicies, PromotionPoliciesResponse,
};

use crate::{Client, Error};

const POLICIES: &str = "/api/2.0/forebay/promotion-policies";

impl Client {
    /// Keeps the policies of a YAML file, all or none.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` with line and reason.
    pub async fn apply_promotion_policies(&self, yaml: &str) -> Result<Vec<KeptPolicy>, Error> {
        let message = ApplyPromotionPolicies { yaml: Some(yaml.to_owned()) };
        let answer: PromotionPoliciesResponse = self.post(POLICIES, &message).await?;
        Ok(answer.policies)
    }

    /// The policies in force, of one model or of all.
    pub async fn list_promotion_policies(&self, message: &NamedPolicies) -> Result<Vec<KeptPolicy>, Error> {
        let answer: PromotionPoliciesResponse = self.get(POLICIES, message).await?;
        Ok(answer.policies)
    }

    /// Deletes the policy of an alias or a stage; what it judged stays in the history.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when there is none.
    pub async fn delete_promotion_policy(&self, message: &NamedPolicies) -> Result<(), Error> {
        self.delete::<Empty>(POLICIES, message).await.map(drop)
    }
}
