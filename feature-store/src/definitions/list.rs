//! Listing the definitions that are in force.

use crate::model::kept::Kept;
use crate::model::kind::Kind;
use crate::sql::feature_definitions;
use crate::{Features, Result};

impl Features {
    /// All definitions, or those of a kind.
    pub(crate) async fn list(&self, kind: Option<Kind>) -> Result<Vec<Kept>> {
        let mut tx = self.db.read_once().await?;
        Ok(feature_definitions::list(&mut tx, kind).await?)
    }
}
