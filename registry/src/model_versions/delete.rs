//! Deleting a version. Its number stays taken as long as the model is there.

use forebay_db::Tx;

use crate::model::name::VersionKey;
use crate::sql::{model_versions, registered_model_aliases, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Deletes a version and the aliases that stand for it.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn delete_model_version(&self, key: VersionKey) -> Result<()> {
        let input = (key, self.now_ms());
        self.db.write(input, |tx, (key, now_ms)| Box::pin(delete(tx, key, *now_ms))).await
    }
}

async fn delete(tx: &mut Tx, key: &VersionKey, now_ms: i64) -> Result<()> {
    registered_models::touch(tx, &key.name, now_ms).await?;
    if model_versions::redact(tx, key, now_ms).await? == 0 {
        return Err(Error::VersionNotFound(key.clone()));
    }
    registered_model_aliases::delete_of_version(tx, key).await?;
    Ok(())
}
