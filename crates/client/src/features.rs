//! The definitions of the feature store; Forebay's own, like it.

use forebay_wire::features::{
    ApplyFeatures, FeatureChange, FeatureChanges, GetServiceDefinitions, KeptFeatures, KeptFeaturesList,
    KeptFeaturesResponse, ListFeatures, NamedFeatures, ServiceDefinitions,
};

use crate::{Client, Error};

const FEATURES: &str = "/api/2.0/forebay/features";

impl Client {
    /// What applying definitions would change.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_VALUE` with file, line and reason.
    pub async fn plan_features(&self, message: &ApplyFeatures) -> Result<Vec<FeatureChange>, Error> {
        let answer: FeatureChanges = self.post(&format!("{FEATURES}/plan"), message).await?;
        Ok(answer.changes)
    }

    /// Keeps definitions, all or none.
    ///
    /// # Errors
    /// As of [`Client::plan_features`].
    pub async fn apply_features(&self, message: &ApplyFeatures) -> Result<Vec<FeatureChange>, Error> {
        let answer: FeatureChanges = self.post(&format!("{FEATURES}/apply"), message).await?;
        Ok(answer.changes)
    }

    /// The definitions in force, of one kind or of all.
    pub async fn list_features(&self, message: &ListFeatures) -> Result<Vec<KeptFeatures>, Error> {
        let answer: KeptFeaturesList = self.get(&format!("{FEATURES}/list"), message).await?;
        Ok(answer.definitions)
    }

    /// A version of a definition.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when there is none.
    pub async fn get_features(&self, message: &NamedFeatures) -> Result<KeptFeatures, Error> {
        let answer: KeptFeaturesResponse = self.get(&format!("{FEATURES}/get"), message).await?;
        Ok(answer.definition.unwrap_or_default())
    }

    /// All versions of a definition, the latest first.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when there is none.
    pub async fn features_history(&self, message: &NamedFeatures) -> Result<Vec<KeptFeatures>, Error> {
        let answer: KeptFeaturesList = self.get(&format!("{FEATURES}/history"), message).await?;
        Ok(answer.definitions)
    }

    /// Deletes a definition; its versions stay in the history.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when there is none, and `RESOURCE_CONFLICT` while others name it.
    pub async fn delete_features(&self, message: &NamedFeatures) -> Result<KeptFeatures, Error> {
        let answer: KeptFeaturesResponse = self.delete(&format!("{FEATURES}/delete"), message).await?;
        Ok(answer.definition.unwrap_or_default())
    }

    /// A feature service with all that its features come from.
    ///
    /// # Errors
    /// `RESOURCE_DOES_NOT_EXIST` when there is none.
    pub async fn service_definitions(
        &self,
        message: &GetServiceDefinitions,
    ) -> Result<ServiceDefinitions, Error> {
        self.get(&format!("{FEATURES}/service-definitions"), message).await
    }
}
