//! Setting and deleting tags of a version.

use forebay_db::Tx;

use crate::model::event::Event;
use crate::model::model_version::{DeleteVersionTag, SetVersionTag};
use crate::model::name::VersionKey;
use crate::moment::Moment;
use crate::policies::guard;
use crate::sql::{model_version_tags, model_versions, promotion_policies};
use crate::{Error, Registry, Result};

impl Registry {
    /// Sets a tag, replacing its value.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`], and [`Error::TagLocked`] for a tag by which a policy judged the version.
    pub(crate) async fn set_model_version_tag(&self, req: SetVersionTag, moment: Moment) -> Result<()> {
        self.db.write((req, moment), |tx, (req, moment)| Box::pin(set(tx, req, moment))).await
    }

    /// Deletes a tag; one that is not there is no error.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`], and [`Error::TagLocked`] for a tag by which a policy judged the version.
    pub(crate) async fn delete_model_version_tag(&self, req: DeleteVersionTag, moment: Moment) -> Result<()> {
        self.db.write((req, moment), |tx, (req, moment)| Box::pin(delete(tx, req, moment))).await
    }
}

async fn set(tx: &mut Tx, req: &SetVersionTag, moment: &Moment) -> Result<()> {
    promotion_policies::lock_shared(tx).await?;
    hold(tx, &req.key).await?;
    guard::check_tag(tx, &req.key, &req.tag.key).await?;
    model_version_tags::upsert(tx, &req.key, std::slice::from_ref(&req.tag)).await?;
    let event = |of| Some(Event::version_tag_set(of, req.key.clone(), req.tag.clone()));
    Ok(moment.record_of(tx, &req.key.name, event).await?)
}

async fn delete(tx: &mut Tx, req: &DeleteVersionTag, moment: &Moment) -> Result<()> {
    promotion_policies::lock_shared(tx).await?;
    hold(tx, &req.key).await?;
    guard::check_tag(tx, &req.key, &req.tag_key).await?;
    model_version_tags::delete(tx, &req.key, &req.tag_key).await?;
    let event = |of| Some(Event::version_tag_deleted(of, req.key.clone(), req.tag_key.clone()));
    Ok(moment.record_of(tx, &req.key.name, event).await?)
}

/// Makes sure that a version exists until the transaction ends.
async fn hold(tx: &mut Tx, key: &VersionKey) -> Result<()> {
    match model_versions::find_origin_locked(tx, key).await? {
        Some(_) => Ok(()),
        None => Err(Error::VersionNotFound(key.clone())),
    }
}
