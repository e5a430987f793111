//! The registry as tracking asks it: neither of the two knows the other.

use forebay_db::BoxFuture;
use forebay_registry::Registry;
use forebay_tracking::ModelVersions;
use forebay_web::error::ApiError;
use forebay_wire::model_versions as wire;

/// Answers what the pages of runs ask of the registry.
pub(crate) struct RegistryVersions(pub(crate) Registry);

impl ModelVersions for RegistryVersions {
    fn search(
        &self,
        req: wire::SearchModelVersions,
    ) -> BoxFuture<'_, Result<wire::SearchModelVersionsResponse, ApiError>> {
        Box::pin(async { Ok(self.0.search_model_versions(req).await?) })
    }

    fn list_of_runs(&self, run_ids: Vec<String>) -> BoxFuture<'_, Result<Vec<wire::ModelVersion>, ApiError>> {
        Box::pin(async move { Ok(self.0.list_versions_of_runs(&run_ids).await?) })
    }
}
