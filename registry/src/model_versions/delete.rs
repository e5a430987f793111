//! Deleting a version. Its number stays taken as long as the model is there.

use forebay_db::Tx;

use crate::model::name::VersionKey;
use crate::moment::Moment;
use crate::sql::{model_versions, registered_model_aliases, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Deletes a version and the aliases that stand for it.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn delete_model_version(&self, key: VersionKey, moment: Moment) -> Result<()> {
        self.db.write((key, moment), |tx, (key, moment)| Box::pin(delete(tx, key, moment))).await
    }
}

async fn delete(tx: &mut Tx, key: &VersionKey, moment: &Moment) -> Result<()> {
    registered_models::touch(tx, &key.name, moment.now_ms).await?;
    if model_versions::redact(tx, key, moment.now_ms).await? == 0 {
        return Err(Error::VersionNotFound(key.clone()));
    }
    registered_model_aliases::delete_of_version(tx, key).await?;
    Ok(())
}
