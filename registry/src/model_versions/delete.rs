//! Deleting a version. Its number stays taken as long as the model is there.

use forebay_db::Tx;

use crate::model::name::VersionKey;
use crate::model::policy::target::Target;
use crate::model::promotion::Promotion;
use crate::model::stage::Stage;
use crate::moment::Moment;
use crate::promotions::{moves, record};
use crate::sql::{model_versions, promotion_policies, registered_model_aliases, registered_models};
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
    promotion_policies::lock(tx).await?;
    registered_models::touch(tx, &key.name, moment.now_ms).await?;
    note_removals(tx, key, moment).await?;
    if model_versions::redact(tx, key, moment.now_ms).await? == 0 {
        return Err(Error::VersionNotFound(key.clone()));
    }
    registered_model_aliases::delete_of_version(tx, key).await?;
    let is_moot = |promotion: &Promotion| promotion.subject.version == key.version;
    record::cancel_pending(tx, &key.name, is_moot, "the version was deleted", moment).await
}

/// Notes what stands for a version that is about to be deleted.
async fn note_removals(tx: &mut Tx, key: &VersionKey, moment: &Moment) -> Result<()> {
    let origin = model_versions::find_origin(tx, key).await?;
    let origin = origin.ok_or_else(|| Error::VersionNotFound(key.clone()))?;
    let reason = Some("the version was deleted");
    for alias in registered_model_aliases::list_of_version(tx, key).await? {
        moves::removed(tx, &Target::Alias(alias), (&key.name, &origin), reason, moment).await?;
    }
    moves::leave_stage(tx, key, Stage::None, &origin, moment).await
}
